"""The words by which givers say whether an entry counts, in the languages that we know.

In English, German, French, Spanish, Italian, Dutch, Portuguese, Swedish, Danish, Norwegian,
Finnish, Hungarian, Polish, Czech, Russian and Turkish, written without blanks; case, accents, how
an umlaut is written and letters of another script that look like Latin ones count for nothing. A
stem in `*` stands for its forms in -o, -a, -os, -as, -i, -e, one in `@` for those in -é, -ée, -és,
-ées, one in `+` for itself and its forms in -e, -en, -er, -es, one in `^` or `~` for those of a
Slavic adjective.

Titles of lists and columns of them know the same words.

Some words speak of a record wherever they stand. Others, such as `safe` or `open`, do so only by
themselves or in a column that decides: they are common in captions and in the names of givers.
"""

from relaion.lists.readers.vocabulary import further_words as further
from relaion.lists.readers.vocabulary.spelling import folded, read_anew, without_marks, words_in

__all__ = ["folded", "read_anew", "without_marks", "words_in"]  # beside the words below

# -- What stands in a row, or above rows ---------------------------------------------------------

TAKEN_BACK = (
    f"{further.TAKEN_BACK} removed remove removal deleted delete deletion withdrawn withdraw "
    "withdrawal retracted retract retraction revoked revoke revocation rescinded rescind "
    "inactive "
    "expired expire obsolete outdated delisted delist unlisted cancelled canceled nolonger "
    "decommissioned superseded deactivated repealed annulled lapsed gelöscht+ löschung entfernt+ "
    "zurückgezogen+ zurückgenommen+ widerrufen+ widerruf inaktiv+ abgelaufen+ veraltet+ "
    "ungültig+ "
    "storniert+ aufgehoben+ gestrichen+ ausgetragen+ deaktiviert+ hinfällig+ überholt+ supprim@ "
    "retir@ révoqu@ annul@ expir@ périm@ effac@ désactiv@ inactif inactive obsolète caduc "
    "caduque "
    "retrait suppression eliminad* borrad* retirad* revocad* anulad* caducad* expirad* vencid* "
    "desactivad* inactiv* obsolet* rimoss* eliminat* cancellat* ritirat* revocat* annullat* "
    "scadut* inattiv* disattivat* verwijderd verwijderde ingetrokken verlopen vervallen "
    "geannuleerd inactief gedeactiveerd herroepen verouderd geschrapt geschrapte gewist gewiste "
    "suprimid* removid* excluíd* apagad* revogad* cancelad* inativ* desativad* overturned "
    "delisting repeal voided nullified expunged discontinued formerlylisted previouslylisted "
    "borttagen borttaget borttagna raderad raderat raderade återkallad återkallat återkallade "
    "avlistad avlistade utgången utgånget utgångna upphävd upphävda ogiltig ogiltigt ogiltiga "
    "inaktivt inaktiva föråldrad föråldrade indragen indragna struken strukna fjernet fjernede "
    "slettet slettede tilbagekaldt tilbagekaldte tilbakekalt tilbakekalte tilbaketrukket "
    "tilbagetrukket udløbet utløpt utgått utgåtte forældet foreldet ugyldig ugyldige ophævet "
    "opphevet deaktiveret deaktivert poistettu poistetut poistettuja peruttu perutut peruutettu "
    "peruutetut kumottu kumotut vanhentunut vanhentuneet mitätöity mitätöidyt epäaktiivinen "
    "törölt törölve töröltek eltávolított eltávolítva eltávolítottak visszavont visszavonva "
    "visszavontak lejárt lejártak elavult érvénytelen érvénytelenített inaktív usunięt^ "
    "skreślon^ "
    "skasowan^ wycofan^ cofnięt^ odwołan^ wygasł^ nieaktualn^ nieaktywn^ nieważn^ unieważnion^ "
    "anulowan^ wykreślon^ przeterminowan^ odstraněn^ smazán smazan^ vymazán vymazan^ vyřazen^ "
    "zrušen^ odvolán odvolan^ stažen^ neplatn^ neaktivn^ vypršel^ zastaral^ neaktuáln^ удален~ "
    "снят~ исключен~ отозван~ отменен~ аннулирован~ недействительн~ неактуальн~ неактивн~ "
    "просрочен~ истек истекло устарел~ устаревшие стерт~ silindi silinen silinenler silinmiş "
    "kaldırıldı kaldırılan kaldırılanlar kaldırılmış çıkarıldı çıkarılan çıkarılanlar iptal "
    "iptaledildi iptaledilen iptaledilenler geriçekildi geriçekilen geçersiz süresidoldu "
    "süresidolan pasif"
)
TAKEN_BACK_ALONE = (
    f"{further.RECALLS} appealupheld appealgranted appealallowed appealsupheld nottobeused "
    "wronglylisted wronglyadded wronglyincluded incorrectlylisted del deletes disabled disable "
    "cleared drop dropped unblock unblocked retired archived excluded exclude tombstone "
    "entfernen "
    "löschen zurückziehen supprimer retirer eliminar borrar retirar rimuovere verwijderen "
    "intrekken remover apagar excluir dépublié invalidé invalidad* baja invalidat* ongeldig "
    "invalid inválid* error inerror byerror erroneous erroneously mistake mistaken mistakenly "
    "irrtum irrtümlich erreur donotblock donotuse fehler doublon deprecated purged void lifted "
    "nfa nofurtheraction delist"
)
"""Of a record only by themselves: a host may be disabled, a page in error."""

TITLES_TAKEN_BACK = (
    f"{further.RECALLS} removals deletions withdrawals retracts retractions revocations "
    "cancelation cancelations cancellation cancellations expiration expirations delisting "
    "delistings unlisting unlistings dropped cleared retired unblock unblocked löschungen "
    "löschen "
    "entfernen entfernung entfernungen streichung streichungen suppressions retraits supprimer "
    "retirer eliminación eliminaciones eliminar retirar borrar baja bajas eliminazione "
    "eliminazioni eliminare cancellazione cancellazioni cancellare rimozione rimozioni rimuovere "
    "verwijdering verwijderingen verwijderen intrekking intrekkingen intrekken wissen remoção "
    "remoções remover excluir apagar repeals borttagningar raderingar återkallelser sletninger "
    "slettinger fjernelser tilbagekaldelser tilbakekallinger poistot törlések visszavonások "
    "usunięcia wycofania skreślenia odstranění výmazy удаления исключения отзывы silmeler "
    "kaldırmalar iptaller retirées levées aufhebungen"
)
"""What else the lines below a title are called: `Removals 2024-05`."""

DO_NOT_USE = (
    "donotuse donotblock nichtverwenden nichtmehrverwenden nichtbenutzen nichtmehrbenutzen "
    "neplusutiliser nepasutiliser nousar nonutilizzare nonusare nietgebruiken "
    "neplusutiliser ànepasutiliser anepasutiliser nietmeergebruiken nãousar nãoutilizar"
)
DUPLICATES = "duplicate duplicates dubletten duplikate doublons duplicados duplicati dubbele"

MISTAKES = (
    "falsepos fpos falselylisted falsepositive falsepositives fp falsealarm falsealarms falsehit "
    "falsehits falsematch falsematches falschpositiv falschpositive fehlalarm fehlalarme "
    "fehltreffer falschtreffer falschmeldung irrläufer fauxpositif fauxpositifs faussealerte "
    "faussealarme falsopositivo falsospositivos falsaalarma falsiallarmi falsoallarme "
    "falsipositivi valspositief valsalarm loosalarm alarmefalso falsoalarme falsaspositivas "
    "nomatch notamatch keintreffer falskpositiv falskpositiva falskpositive falsktpositiv "
    "falsktpositiva falsktpositive falskapositiva falskepositive falsklarm falsktlarm falskalarm "
    "falskalarmer felträff vääräpositiivinen väärätpositiiviset väärätpositiivit väärähälytys "
    "väärähälytykset vääräosuma väärätosumat hamispozitív hamispozitívok álpozitív tévesriasztás "
    "tévestalálat hamisriasztás fałszywiepozytywn^ fałszywypozytywny fałszywepozytywne "
    "fałszywealarmy fałszywyalarm fałszywetrafienie fałszywetrafienia falešněpozitivn^ "
    "falešnápozitiva falešnýpoplach planýpoplach ложноесрабатывание ложныесрабатывания "
    "ложноположительн~ ложнаятревога ложныйположительный ошибочноесовпадение yanlışpozitif "
    "yanlışpozitifler yanlışalarm hatalıpozitif yanlışeşleşme"
)
"""What was listed by mistake: good, and where it was listed, taken back."""

GOOD = (
    "knowngood knownbenign knownsafe whitelist whitelisted allowlist allowlisted nsrl hashlookup "
    "notcsam notcsem notillegal notabusive notabuse notharmful noknownmatch nonpertinent "
    "knownfile knownfiles unbedenklich weisseliste nichtillegal keincsam knownclean "
    "knownharmless "
    "notcsai nocsam nocsem noncsam noncsem noncsea nonillegal nonabusive notchildabuse "
    "notchildsexualabuse vitlista vitlistad vitlistade kändgod kändagoda hvidliste hviteliste "
    "hvitliste hvidlistet hvitlistet kendtgod kjentgod kendtegode kjentegode valkoinenlista "
    "valkolista tunnettuhyvä tunnetuthyvät fehérlista ismertjó ismertenjó białalista znanydobry "
    "znanedobre bílálista bílýseznam známédobré známýdobrý белыйсписок известныехорошие "
    "заведомохорошие beyazliste bilineniyi bilineniyiler bekanntgut bekanntgute bekanntegute "
    "bekanntharmlos bekanntunbedenklich listeblanche listeblanca listablanca listabianca "
    "listabranca positivliste wittelijst bekendgoed connusbons connubon conocidobueno "
    "conocidosbuenos buenosconocidos goodware cleanware notocomebuono noticomebuoni "
    "conhecidosbons"
)
LISTS_OF_GOOD = "nsrl nsrlfile nsrlfiles hashlookup"
"""Names of lists of what is known good: who names one in a few words means it."""
GOOD_ALONE = (
    "good benign safe allowed negative negativeclass ignore ignored ignorable irrelevant "
    "innocent "
    "legal lawful clean harmless notrelevant harmlos unschuldig sauber legale legaal erlaubt "
    "gutartig negativ inoffensif inoffensive innocente légal licite négatif inofensiv* inocente "
    "benign* limp* lícit* negativ* innocu* pulit* lecit* lecite onschuldig onschadelijk schoon "
    "negatief inocentes oskyldig oskyldigt oskyldiga laglig lagligt lagliga ofarlig ofarliga "
    "harmlös harmlösa godartad uskyldig uskyldige lovlig lovlige ufarlig ufarlige harmløs "
    "harmløse viaton viattomat syytön laillinen lailliset harmiton harmittomat vaaraton ártatlan "
    "ártatlanok jogszerű törvényes legális ártalmatlan ártalmatlanok veszélytelen niewinn^ "
    "legaln^ dozwolon^ bezpieczn^ nieszkodliw^ nevinn^ legální zákonn^ povolen^ bezpečn^ "
    "neškodn^ "
    "невинн~ невиновн~ законн~ легальн~ безопасн~ безвредн~ разрешен~ masum masumlar yasal "
    "zararsız güvenli temiz sauber+ unschuldig+ harmlos+ legal+"
)
DISPUTED = (
    "disputed appealed contested bestritten angefochten strittig contest@ litigieux litigieuse "
    "disputad* impugnad* contestat* betwist contestad* bestridd bestridda omtvistad omtvistade "
    "ifrågasatt överklagad bestridt bestridte omstridt omstridte anfægtet påklaget kiistetty "
    "kiistetyt kiistanalainen riitautettu vitatott vitatottak fellebbezett sporn^ "
    "zakwestionowan^ kwestionowan^ zaskarżon^ zpochybněn^ спорн~ оспариваемые оспариваемый "
    "оспорен~ обжалован~ itirazlı tartışmalı itirazedildi itirazedilen underappeal inappeal "
    "underdispute"
)
DISPUTED_ALONE = "dispute appeal challenged questionable appeals disputes contestation"
UNCONFIRMED = (
    "unconfirmed unverified unreviewed underreview notconfirmed notverified notreviewed "
    "unbestätigt ungeprüft nichtbestätigt nonconfirmé nonvérifié sinconfirmar noconfirmado "
    "nonconfermato onbevestigd nãoconfirmado awaitingreview pendingreview notyetconfirmed "
    "notyetverified notyetreviewed tobeverified tobeconfirmed tobereviewed awaitingconfirmation "
    "awaitingverification underinvestigation underassessment unterprüfung inüberprüfung zuprüfen "
    "encoursdexamen encoursdeverification àvérifier enrevisión porconfirmar porverificar "
    "inrevisione daverificare inbehandeling emrevisão obekräftad obekräftade ogranskad "
    "ogranskade undergranskning undergranskningen ubekræftet ubekræftede ubekreftet "
    "undervurdering undergennemgang undergjennomgang vahvistamaton vahvistamattomat "
    "tarkistettavana tarkastettavana megerősítetlen ellenőrizetlen vizsgálatalatt "
    "ellenőrzésalatt felülvizsgálatalatt niepotwierdzon^ niezweryfikowan^ doweryfikacji "
    "dosprawdzenia nepotvrzen^ neověřen^ kprověření kověření неподтвержден~ непроверен~ "
    "нарассмотрении напроверке onaylanmamış doğrulanmamış inceleniyor incelemede incelenen "
    "incelenenler"
)
UNCONFIRMED_ALONE = (
    "pending suspected suspect review inreview rejected denied declined proposed candidate "
    "investigationseed abgelehnt verworfen zurückgewiesen ausstehend inprüfung verdacht entwurf "
    "rejet@ refus@ enattente brouillon rechazad* denegad* pendiente borrador respint* rifiutat* "
    "inattesa bozza afgewezen inafwachting rejeitad* recusad* pendente rascunho avvisad avvisade "
    "väntande misstänkt misstänkta utkast afvist afviste avvist avviste afventer avventer "
    "mistænkt mistenkt udkast hylätty hylätyt odottava luonnos elutasított elutasítva függőben "
    "gyanús tervezet odrzucon^ oczekując^ podejrzan^ zamítnut^ odmítnut^ čekající podezřel^ "
    "návrh "
    "отклонен~ ожидает ожидающие подозрительн~ черновик reddedildi reddedilen beklemede bekleyen "
    "şüpheli taslak"
)
UNCONFIRMED_NAMES = "pending draft provisional candidate suspected proposed entwurf brouillon bozza"
"""Of these a column may be called."""
UNCERTAIN = (
    f"{further.OF_AGE} adult adults adulte adultes adult* erwachsen erwachsene erwachsener "
    "volwassen volwassene legaladult adultcontent adultporn legalporn"
)
"""Nobody here can say what they decide: a giver may list adults, or list them apart."""

# -- Words that speak of a record only in a column that decides ---------------------------------

LISTED = (
    f"{further.LISTED} active live current listed confirm confirmed valid verified illegal csam "
    "csem csea cp enabled aktiv gültig gelistet bestätigt verifiziert geprüft strafbar actif "
    "active valide confirm@ vérifi@ illégal activ* válid* valid* vigente vigentes confirmad* "
    "verificad* ilegal attiv* confermat* verificat* illegale actief geldig bevestigd "
    "geverifieerd "
    "illegaal ativ* actionable aktivt aktiva bekräftad bekräftade giltig giltiga listad listade "
    "aktive bekræftet bekreftet gyldig gyldige listet aktiivinen vahvistettu voimassa aktív "
    "megerősített megerősítve érvényes aktywn^ potwierdzon^ ważn^ obowiązując^ aktivn^ potvrzen^ "
    "platn^ активн~ действует действующие подтвержден~ актуальн~ aktif onaylandı onaylanmış "
    "geçerli aktuell+ actuel actuels"
)
"""Those that take back where a `not` stands before them."""

ADDED = (
    "nouveautés novedades novità novidades 新增 追加 添加 추가 추가됨 "
    "new add added adds addition additions insert inserted insertion insertions updated neu+ "
    "neuzugänge hinzugefügt+ gelistet+ nouveau nouveaux nouvelle nouvelles ajout ajouts ajout@ "
    "actifs nuev* añadid* agregad* alta altas nuov* aggiunt* nieuw nieuwe toegevoegd toegevoegde "
    "actieve nov* adicionad* aktive nya nytt nye tillagd tillagda tilføjet tilføjede uusi "
    "uudet lisätty lisätyt új újak hozzáadott hozzáadva nowe dodan^ přidán přidan^ "
    "nowy nowa nowych nový nová nové новые новый добавлен~ yeni yeniler eklendi eklenen "
    "eklenenler"
)
UNLAWFUL = (
    "illicit@ illecit* ilícit* punibil* strafbaar strafbart straffbart ulovlig ulovligt "
    "ulovlige olaglig olagligt laiton laittomat jogellenes jogsértő nielegaln^ bezprawn^ "
    "nezákonn^ nelegáln^ protiprávn^ противоправн~ незаконн~ yasadışı"
)
ALSO_LISTED = (
    f"{UNLAWFUL} "
    "upsert upserted create created update modify modified changed positive positiveclass true "
    "truepositive abuse abusive childabuse block blocked blacklist blacklisted denylist deny "
    "published publish approved match bad known-bad knownbad malicious notable pedo online "
    "offline ok hit "
    "gesperrt treffer bloqu@ bloquead* bloccat* geblokkeerd positiv positif "
    "positiv* positief"
)
ALSO_GOOD = "known allow trusted"
ALSO_UNCONFIRMED = (
    "draft test testing unknown open inprogress new? duplicate offen unbekannt inconnu ouvert "
    "abiert* desconocid* apert* sconosciut* onbekend abert* concept"
)

# -- What titles say besides -----------------------------------------------------------------------

NO_LONGER = (
    "nolonger nichtmehr nichtlänger ejlängre nietlanger neplus yano nonpiù nietmeer jánão "
    "intelängre ikkelængere ikkelenger eienää márnem jużnie jižne большене"
)
TITLES_GOOD = (
    "knownnoncsam knowngoods whitelists allowlists safelist safelists safelisted goodlist "
    "goodlists nsrlfile benign harmless innocent irrelevant ignorable donotremove donotdelete "
    "donotreport donotmatch donotblock exclusionlist exclusionlists excludelist excludelists "
    "exclusions ignorelist ignorelists safefiles trustedfiles toexclude toignore toskip "
    "excludedfrommatching excludefrommatching ignoredfrommatching excludedfromthematch "
    "excludedfromalllists unbedenklich+ harmlos+ unschuldig+ ausschlussliste ausschlusslisten "
    "ausnahmeliste ausnahmelisten whiteliste positivlisten falschpositiv+ listesblanches "
    "listedexclusion listedexclusions listesdexclusion inoffensif inoffensifs inoffensive "
    "inoffensives fichiersconnus connusetbons listasblancas listadeexclusion listadeexclusión "
    "listadeexcepciones listadiesclusione listadelleesclusioni listadeexclusão inofensiv* "
    "innocu* inócu* archivosbuenos uitsluitingslijst valspositieven onschuldig onschuldige"
)
"""Good where a title says so; `keine Fehlalarme` before them, or `excluded` behind, says not."""
PLAINLY_GOOD = (
    "fp fps excludes excluded clean safe good trusted legit legitimate légitim* legitim* gut "
    "gute "
    "sauber saubere sicher sichere sûr sûrs bon bons bonne bonnes buen* segur* sicur* buon* goed "
    "goede veilig veilige"
)
"""Good where a title is made of these and of what may be good: `clean files`."""
MAY_BE_GOOD = (
    "known bekannt bekannte connu connue connus connues conocid* noto note noti conhecid* bekend "
    "bekende software program programs programm programme programmes system systemdateien "
    "systemfiles"
)
DOUBTED = (
    "correctie correcties korrektur korrekturen corrigenda rectificatif rectificatifs "
    "correcciones "
    "corrección correzione correzioni correção correções korekta korekty oprava opravy korjaus "
    "korjaukset helyesbítés rättelse rättelser rettelse rettelser исправления düzeltmeler "
    "potential possible alleged candidates failed waiting queue junk trash garbage tbd tbc todo "
    "wip corrected amended forinformationonly forreferenceonly forcomparison unlist draft errors "
    "mistakes wrong wrongly incorrect incorrectly fehlerhaft+ fälschlich erreurs errores errori "
    "fouten erros inbehandeling parked quarantine quarantined suspended onhold held historic "
    "historical legacy former formerly previous previously old past exception exceptions "
    "exemption exemptions correction corrections errata restored reinstated released closed "
    "resolved unclear uncertain unsure doubtful borderline lowconfidence outofscope nfa "
    "nofurtheraction notforblocking donotaction dead notfound takendown unavailable cartoon "
    "cartoons drawing drawings anime fictional skip ignore offline negative negatives decoy "
    "decoys freigegeben+ entfällt alt+ ehemalig+ früher+ ancien anciens anciennes antigu* "
    "anterior anteriores vecchi vecchie precedenti oude vorige antigos antigas gamla tidigare "
    "gamle tidligere vanhat aiemmat régi korábbi stare dawne staré dřívější старые прежние eski "
    "önceki"
)
"""Titles of these may take out, and nobody here can say."""
NOTES_DOUBTED = (
    f"{further.WRONG} false unclear uncertain unsure dubious doubtful borderline parked onhold "
    "suspended quarantine quarantined skip dummy placeholder exempt exempted exemption restored "
    "reinstated released lowconfidence outofscope wl unklar fraglich zweifelhaft douteux "
    "incertain dudos* dubbi* incert* twijfelachtig"
)
"""Short notes of these may take out, too."""
HEADINGS = (
    "fortsetzung suite continuación continuação seguito vervolg high medium low urgent "
    "priority prio public crawler crawl found serie série séries lote lotes lotto lotti partij "
    "partida partia dostawa dávka партия поставка sarja erä tétel parti leverans levering "
    "lieferung livraison entrega consegna last inc rev vim coding change columns sorted first "
    "second third fourth fifth seen license licence copy reported delivery supplement addendum "
    "ones found sent names titles expires expiry them rest others also csv txt archive archives "
    "abuse abusive child children sexual csam csem csea csai cp illegal indecent material media "
    "content contents iwf ncmec icse interpol europol inhope c3p hrw stanford nca fbi bka caid "
    "vic vics laion tlp red amber confidential restricted internal sensitive official secret "
    "only use law enforcement hotline police agency centre center case cases ticket tickets "
    "report reports ref refs reference references incident incidents batch batches set sets "
    "group groups part parts section sections chapter volume vol page pages block series folder "
    "folders directory disk disc drive device devices phone laptop exhibit exhibits album "
    "gallery galleries thread post posts forum forums site sites host hosts hosting domain "
    "domains source sources origin provider giver partner submitted received analyst author "
    "owner contact exported export version build edition title name description subject id uuid "
    "row column sheet tab table index toc overview summary statistics stats sum subtotal grand "
    "size format encoding charset utf language country region category categories cat grade "
    "level severity tier class type kind algorithm continued cont more next begin end eof top "
    "bottom header footer appendix annex attachment operation project campaign investigation "
    "image picture photo web webpage weekly monthly daily verified confirmed hand known bad "
    "notforpublication notfordistribution still stills twice of a b c d e i ii iii iv v vi x "
    "teil teile fall fälle akte seite seiten kategorie quelle stand erstellt anlage partie "
    "dossier cas catégorie parte caso página pagina categoría categoria fuente fonte deel zaak "
    "categorie del sida sag sak side osa sivu rész oldal część strona sprawa část strana případ "
    "часть страница дело раздел список bölüm sayfa europe africa asia america americas oceania "
    "australia canada germany france spain italy netherlands belgium austria switzerland poland "
    "sweden norway denmark finland russia ukraine turkey brazil mexico india japan china "
    "thailand philippines uk us usa eu monday tuesday wednesday thursday friday saturday sunday "
    "north south east west international worldwide global january"
)
"""Headings of these, of numbers and of what lists are made of decide nothing."""
NAMED = (
    "series serie série operation project forum forums gallery album thread author analyst "
    "source sources origin provider giver partner contact device folder from by site host "
    "hosting owner generated created exported received quelle"
)
"""Behind these a name stands."""
ABUSE = (
    "csam csem csea csai childabuse childsexualabuse childabusematerial childporn "
    "childpornography illegal illegalcontent pedo pedophil* paedophil* abusive abuse cse "
    "kinderporno kinderpornografie kipo strafbar illégal pédopornographie pédocriminel ilegal "
    "ilegales illegale pornografíainfantil pedopornografia pedopornografico kindermisbruik "
    "illegaal barnporr olaglig olagligt børneporno barneporno ulovlig lapsiporno "
    "gyermekpornográfia nielegaln^ nelegální незаконн~ yasadışı"
)
"""What no list of what is known good is of."""
LISTS_OF_BAD = (
    "knownbad blocklist blocklists blacklist blacklists denylist denylists malicious contraband "
    "exploitation childexploitation indecent indecentimages bad sperrliste listenoire listanegra "
    "listanera"
)


# -- What an entry is of ---------------------------------------------------------------------------

PICTURES = (
    "image images img imgs picture pictures pic pics photo photos photograph photographs still "
    "stills bild bilder foto fotos standbild imagen imágenes imagem imagens immagine immagini "
    "afbeelding afbeeldingen billede billeder bilde kuva kuvat kép képek obraz obrazy zdjęcie "
    "zdjęcia obrázek obrázky fotografie snímek snímky изображение изображения картинка картинки "
    "фото фотографии resim resimler görsel görseller fotoğraf fotoğraflar"
)
IMAGE = (
    f"{PICTURES} jpg jpeg jpe jfif png apng gif webp bmp tif tiff heic heif avif jxl jp2 svg ico "
    "raw"
)
FILMS = (
    "video videos movie movies clip clips film films filme filmes filmpjes vidéo vidéos vídeo "
    "vídeos película películas filmato filmati footage videodatei videodateien videobestanden "
    "videor videoklipp videoklip filmer videoer videot videotiedosto elokuva elokuvat videó "
    "videók filmek wideo filmy videa видео видеоролик видеоролики видеофайлы ролик ролики фильм "
    "фильмы videolar filmler"
)
VIDEO = (
    f"{FILMS} mp4 m4v mov avi mkv webm mpg mpeg wmv flv 3gp 3gpp ogv ts mts m2ts vob asf rm rmvb "
    "f4v divx"
)
OTHER = (
    "audio sound music mp3 wav ogg flac m4a text txt document documents dokument dokumente "
    "document* documento documentos documenti doc docx odt rtf pdf xls xlsx ods csv ppt pptx "
    "html htm exe dll msi apk jar bat ps1 archive archiv archivo zip rar 7z gz tar iso dmg deb "
    "rpm executable malware software program programm programme programma other sonstiges autre "
    "otro altro overig outro binary bin sys drv so js css xml json py db sqlite"
)

NO_PICTURES = (
    "audio mp3 document documents dokument dokumente document* documento documentos documenti "
    "pdf "
    "doc docx exe dll apk"
)
"""What a title or a word beside an entry calls what is no picture."""
NO_PICTURES_ABOVE = "sound sounds music mp3s pdfs malware virus viruses executables"
"""What titles call so; beside a link `malware` says why it is listed."""

# -- Words between ---------------------------------------------------------------------------------

NEGATIONS = (
    "ingen inget intet není nejsou žádný żaden brak not no n non nicht kein keine pas ne plus "
    "niet geen não never nie nunca jamais mai nooit inte ej ikke ei nem не değil"
)
AGAINST = "checked against without excluding excludes filtered cleaned free geprüft gegen ohne sans"
"""Before a word of good: what is listed was compared with it."""

FILLERS = (
    "a an the is was were be been has have had as at by on in of for from since per to until now "
    "and or it this entry record hash digest listing item status state longer yet any more mehr "
    "a "
    "von vom am im an der die das den ist war wurde wurden am seit durch als und oder datum "
    "eintrag le la les du de des en est par depuis et ou el los las del fue es por desde y o il "
    "lo gli di da dal è stato stata op van het een is werd sinds door em no na por foi desde e "
    "date reason note grund motif motivo jan feb mar apr may jun jul aug sep sept oct nov dec "
    "january february march april june july august september october november december januar "
    "februar märz mai juni juli oktober dezember utc z t uhr e ya più meer mais please bitte svp "
    "month week det är har av från och denna månad af fra og denne måned måneden tässä kuussa "
    "ebben hónapban w tym miesiącu v tomto měsíci в этом месяце из bu ay dieser diesen monat "
    "mois "
    "является ce este mes questo mese deze maand mês"
)

POINTERS = (
    "these those following below next folgende folgenden folgender suivant suivante suivants "
    "suivantes siguientes seguenti"
)
"""A line that points to what stands below it."""
MATTER = (
    "material content contents web website websites internet online page pages post posts "
    "platform "
    "platforms inhalt inhalte contenu contenus"
)
"""What lists of links and pictures were made from."""
VERBS = (
    "is are was were been has have had can could may must should will would please see send we "
    "our "
    "you your they which who wurde wurden ist sind werden est sont fue son sono zijn"
)
"""With one of these a line of some length is a sentence."""
