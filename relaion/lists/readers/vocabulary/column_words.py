"""The words of which names of columns are made, in the languages and the spelling of `words`."""

UNTIL_NAMES = (
    "expires expiry expiration expiring expirydate expirationdate expiresat expireson "
    "validuntil validto validtill goodtill ttluntil gültigbis ablauf ablaufdatum ablaufen "
    "verfallsdatum expirationle datedexpiration valablejusquau validejusquau caducidad "
    "vencimiento válidohasta fechadecaducidad fechadevencimiento scadenza validofinoa "
    "datadiscadenza vervaldatum geldigtot expire "
    "expdate expiredate exptime expiretime verfällt "
    "verfall verfalldatum gültigkeitsende verlooptop vencimento válidoaté datadevencimento "
    "enddate removeafter deleteafter notafter notvalidafter sunset sunsetdate sunseton retireon "
    "retirementdate endoflife eol lapse lapses lapseson lapsedate dropdate dropafter holduntil"
)
RECORD_ID_NAMES = (
    "recordid mediaid imageid itemid entryid hashid reportid caseid phishid requestid contentid"
)
FILE_NAMES = (
    "filename filenames path paths filepath fullpath file name relativepath dateiname "
    "dateinamen datei pfad dateipfad nomdufichier nomfichier fichier chemin archivo "
    "nombrearchivo nombredearchivo nombredelarchivo ruta fichero nomefile nomedelfile percorso "
    "bestandsnaam bestand pad nomedoarquivo arquivo caminho"
)
CAPTION_NAMES = (
    "title titles caption captions text texts alt alttext subject headline titel überschrift "
    "titre légende título titolo didascalia keyword keywords query prompt"
)
LINK_NAMES = (
    "url urls uri uris link links href hrefs webaddress weburl adresse lien liens enlace enlaces "
    "ссылка ссылки 链接 リンク dirección direcciones "
    "indirizzo indirizzi adres adresy adresa adresă "
    "adrese endereço endereços adress adresser osoite osoitteet cím címek адрес адреса "
    "διεύθυνση 주소 링크 地址 网址 アドレス odkaz "
    "odkazy odnośnik lenke lenker länk länkar linkki bağlantı "
    "hivatkozás hivatkozások internetadresse internetadressen webadresse webadressen webadres "
    "webadressi webbadress nettadresse netadresse webcím"
)
HASH_NAMES = (
    "impronta impronte skrót skróty summa otisk otisky özet özeti tiiviste tiivisteet lenyomat "
    "lenyomatok 해시 해시값 amprentă amprente sažetak odtlačok hashsumma hashværdi hashverdi "
    "hashwaarde hashvärde kontrollsumma kontrollsumme "
    "kontrolsum tarkistussumma somme somma sumă "
    "ellenőrzőösszeg součet сумма soma "
    "散列值 哈希码 校验和 校验值 チェックサム 체크섬 σύνοψη геш отпечаток"
)
"""What a digest is called in languages of which fewer words are known."""
OF_FILE_NAMES = (
    "bild bilder bildes bildern datei dateien datein wert fichier fichiers valeur imagen "
    "imágenes "
    "archivo archivos fichero ficheros valor immagine immagini imagem imagens arquivo arquivos "
    "ficheiro afbeelding afbeeldingen bestand bestanden plik pliku pliki obraz obrazu soubor "
    "souboru obrázek obrázku súbor fil filer filen kuva kuvan tiedosto tiedoston fájl fájlok kép "
    "képek dosya dosyanın görsel resim imagine fișier 値 值 画像 图片 文件 파일 изображения "
    "изображение файла файл файлов файлу "
    "de del des du di della do da d l le la les el los las il lo von der van het för af"
)
"""Beside the name of an algorithm these tell no more than that a digest is of a file."""
OF_CHECK_NAMES = (
    "kontrolna kontrolní kontrolný kontrolny kontroll control contrôle controllo verificación "
    "verificação verificare контрольная контрольна контрольной"
)
"""The same of a sum: `suma kontrolna`. By itself such a word may be of a control set."""
REPORTED_NAMES = (
    "reported flagged confirmed blocked verified identified detected notified malicious illegal "
    "unlawful abusive prohibited banned forbidden blacklisted blocklisted denylisted actionable "
    "gemeldet+ gesperrt+ bestätigt+ geblockt+ blockiert+ beanstandet+ festgestellt+ markiert+ "
    "indiziert+ inkriminiert+ rechtswidrig+ strafbar+ illegal+ verboten+ "
    "signal@ bloqu@ confirm@ détect@ identifi@ vérifi@ illicit@ interdit interdite illégal "
    "illégale illégaux "
    "denunciad* reportad* bloquead* confirmad* detectad* identificad* verificad* notificad* "
    "señalad* prohibid* ilícit* ilegal ilegales "
    "segnalat* bloccat* confermat* rilevat* identificat* verificat* vietat* illecit* illegale "
    "illegali detetad* sinalizad* proibid* ilegais "
    "gerapporteerd gerapporteerde gemeld gemelde geblokkeerd geblokkeerde bevestigd bevestigde "
    "gesignaleerd gesignaleerde verboden illegaal "
    "rapporterad rapporterade rapporterat anmäld anmälda blockerad blockerade bekräftad "
    "bekräftade olaglig olagliga rapporteret rapporterede rapportert rapporterte anmeldt "
    "anmeldte blokeret blokerede blokkert blokkerte bekræftet bekræftede bekreftet bekreftede "
    "ulovlig ulovlige ilmoitettu ilmoitetut estetty estetyt vahvistettu vahvistetut laiton "
    "bejelentett jelentett letiltott blokkolt megerősített igazolt illegális "
    "zgłoszon^ zablokowan^ potwierdzon^ nielegaln^ oznaczon^ wykryt^ nahlášen^ hlášen^ "
    "zablokovan^ blokovan^ potvrzen^ nelegáln^ označen^ nahlásen^ potvrden^ "
    "заявленн~ сообщенн~ заблокированн~ подтвержденн~ выявленн~ незаконн~ "
    "заблокован~ підтверджен~ повідомлен~ bildirilen engellenen onaylanan onaylanmış doğrulanan "
    "yasadışı raportat raportată blocat blocată confirmat confirmată"
)
"""What givers did with what a column lists, or what they call it: `Reported URL`, `Confirmed MD5`.

None of these is of what was only suspected.
"""
IDENTITY_NAMES = (
    "uid uids uuid uuids guid guids id ids identifier identifiers key keys token tokens session "
    "sessionid cookie nonce salt serial thumbprint certificate cert pubkey fingerprintid user "
    "users username userid email mail phone ip ipv4 ipv6 mac device deviceid imei account "
    "password "
    "passwords passwd pwd secret signature sig trace span transaction tx block wallet address "
    "bucket object asset etag revision rev version build"
)
STRING_NAMES = (
    "string strings text texts name names filename filenames path host hostname domain keyword "
    "keywords caption title query comment body subject sender recipient message content_id label"
)
"""Of these digests are that are no digests of files: of who somebody is, of a text."""
BEFORE_NAMES = "old previous prior former formerly earlier before superseded"
"""Beside the name of an algorithm: what the column holds was listed before."""
BARE_BEFORE_NAMES = "old previous before replaces supersedes"
"""The same by themselves."""
LISTED_LINK_NAMES = (
    "infringing offending illegal unlawful abusive allegedly alleged csam csem location "
    "locations "
    "internet fundstelle fundstellen fundort emplacement ubicación posizione localização locatie "
    "vindplaats"
)
COMPLAINT_NAMES = (
    "complaint complaints complainant claim claims claimant dmca counter copyright copyrighted "
    "work works rightsholder authorised authorized legitimate official"
)
"""Of links that tell of a complaint, or of the work that it speaks of."""
SUBJECTS = (
    "jpeg jpg png exif compression site website host hosting network referrer referral victim "
    "offender suspect source reporter device camera page case report incident provider offence "
    "offense crime location place scene event partner member organisation organization agency "
    "account user service platform storage drive sensor infraction délit delito reato delikt "
    "straftat misdrijf brott"
)
"""The type of one of these decides nothing: `site type`."""
HARMLESS_NAMES = (
    "pixel pixels exif gps geotag geotagged logo overlay commercial self id ids no nr num number "
    "row rows line index idx count counts total n size width height length bytes pages page "
    "frames "
    "faces face people quality score rank distance nsfw punsafe unsafe language lang country "
    "region city gender sex age color colour grayscale animated watermark watermarked ocr series "
    "batch part chunk version year month day hour week https ssl platform os vendor tool camera "
    "format sprache land geschlecht alter farbe anzahl nummer seite jahr langue pays sexe âge "
    "nombre idioma país sexo edad año lingua paese sesso età taal leeftijd"
)
"""Columns of these decide nothing, whatever they say."""
NOTE_NAMES = (
    "note notes obs anm bem comment comments remark remarks tag tags label labels memo "
    "annotation "
    "annotations info information hint reason reasons details bemerkung bemerkungen anmerkung "
    "anmerkungen kommentar kommentare notiz notizen hinweis hinweise grund schlagwort "
    "schlagworte "
    "remarque remarques commentaire commentaires raison motif observation observations nota "
    "notas "
    "observación observaciones comentario comentarios motivo etiqueta etiquetas osservazione "
    "osservazioni commento commenti etichetta opmerking opmerkingen notitie reden observação "
    "observações comentário comentários flag flags anmärkning anteckning orsak bemærkning "
    "merknad "
    "huomautus kommentti huomio megjegyzés uwaga uwagi komentarz poznámka poznámky komentář "
    "примечание примечания комментарий комментарии notlar açıklama yorum"
)

# -- Of columns that decide, what they decide -----------------------------------------------------

STANDING_NAMES = (
    "status state action actions operation op verdict disposition standing validity "
    "decision judgement judgment outcome resolution change event class judged assessment result "
    "results review aktion zustand statut estado etat état stato situação situación toestand "
    "bewertung beurteilung ergebnis prüfergebnis "
    "entscheidung urteil résultat resultado risultato "
    "esito resultaat beoordeling beslissing "
    "évaluation evaluación valutazione avaliação décision "
    "decisión decisione decisão gültigkeit validité validez validità acción azione ação"
)
CATEGORY_NAMES = (
    "category categories cat cats kategorie kategorien catégorie categoría categoria "
    "caid vics copine "
    "grade grades classification classifications klasse rating level tier einstufung "
    "klassifizierung klassifikation clasificación classificazione classificatie classificação "
    "categorie"
)
OF_WHAT_NAMES = (
    "hashof hashesof hashedof digestof digestsof checksumof fingerprintof md5of sha1of sha256of "
    "hashscope hashtarget hashinput digestinput hashsubject hashobject hashedobject hashover "
    "hashedover digestover hashedwhat whatishashed hashlevel hashedfield hashedcontent "
    "computedover computedof calculatedover calculatedof computedfrom calculatedfrom "
    "hashedfrom hashfrom digestfrom md5from md5over sha1over sha256over hashbasis "
    "hashedattribute hashedproperty"
)
"""Of what digests are: a picture, its link, or something else."""
MEDIA_NAMES = (
    "media mime mimetype mimetypes mediatype mediatypes filetype filetypes contenttype "
    "extension ext medium medien format dateityp dateiart dateiformat dateiendung medientyp "
    "medienart mimetyp bestandstype mediatyp formato extensión estensione extensão "
    f"{OF_WHAT_NAMES}"
)
TYPE_NAMES = (
    "type types algorithm algorithms algo algos kind typ tipo hashtype signaltype "
    "indicatortype ioctype algorithmus algorithme algoritmo algoritme hashart hashtyp "
    "hashverfahren verfahren soort hashfunction hashfn hashingfunction digestfunction digestfn "
    "checksumfunction checksumfn fingerprintfunction hashfunktion fonctiondehachage"
)
OF_NOTHING_TYPES = (
    "filename email emailsrc emaildst mutex registry regkey process asn cidr port useragent "
    "btc username user phone yara snort sigma pattern named-pipe pipe cve vulnerability "
    "country comment string cookie cert certificate x509 keyword"
)
"""What a column of types says of values that no data set holds."""
OF_ELSE = (
    "html webpage webpages bitmap bitmaps pixels rasterised rasterized embedding embeddings face "
    "faces avatar avatars emails logo logos icon icons favicon emoji miniatur miniatury miniatures "
    "vignette vignettes anteprime anteprima miniaturas vorschau vorschaubild vorschaubilder "
    "usernames nicknames packets archives"
)
"""What digests may be of that are not of a picture's file."""
