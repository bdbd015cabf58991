"""Further words of givers: of mistakes, and of languages of which fewer words are known here.

They are written as in `words`, which takes them in. The languages are Romanian, Ukrainian,
Bulgarian, Croatian, Serbian, Slovene, Slovak, Lithuanian, Latvian, Estonian, Catalan, Vietnamese
and Indonesian. In these only what takes back is known, and the names of columns that decide: where
a word of such a column is not known, the file is refused.
"""

# -- Of mistakes -----------------------------------------------------------------------------------

MISTAKEN = (
    "inerror byerror mistake mistaken mistakenly ourmistake ourerror ourfault erroneous "
    "erroneously erratum byaccident accidentally inadvertently unintentionally wrongly "
    "wrongfully "
    "falsely incorrectly misreport misreported misclassified misidentified miscategorised "
    "miscategorized mislabelled mislabeled disregard disregarded pleasedisregard plsdisregard "
    "nevermind notcsaematerial notchild notachild notminor notaminor notunderage nochild nominor "
    "irrtum irrtümlich+ irrtümlicherweise versehentlich+ ausversehen versehen fehlmeldung "
    "fehlmeldungen fehleintrag fehleinträge falscheintrag fälschlich+ fälschlicherweise "
    "verwechslung fehlerhafter fehlklassifiziert nichtbeachten bittenichtbeachten ignorieren "
    "bitteignorieren zuunrecht "
    "erreur parerreur méprise àtort nepastenircompte àignorer ignorer erroné@ parinadvertance "
    "parmégarde fausseidentification signalementerroné "
    "porerror equivocación equivocad* porequivocación erróne* erróneamente hacercasoomiso "
    "nohacercaso ignorar poraccidente malclasificad* indebidamente "
    "errore pererrore sbaglio persbaglio erroneamente errat* erroneo erronea ignorare "
    "nonconsiderare svista persvista "
    "perabuis abusievelijk vergissing foutief foutieve perongeluk tenonrechte onterecht negeren "
    "graagnegeren foutmelding "
    "engano porengano porerro equívoco porequívoco errad* erroneamente desconsiderar "
    "favordesconsiderar indevidamente "
    "misstag avmisstag felaktigt felaktig felaktiga felregistrerad felregistrerat ignorera "
    "bortse "
    "fejl vedenfejl fejlagtigt fejlagtig fejlregistrering fejlregistreret vedetuheld feil "
    "vedenfeil feilaktig feilregistrert ignorér "
    "vahingossa virhe virheellinen virheellisesti erehdys erehdyksessä älähuomioi jätähuomiotta "
    "tévedés tévedésből téves tévesen véletlenül hibás hibásan tévesbejelentés "
    "figyelmenkívülhagyandó figyelmenkívülhagyni "
    "pomyłka pomyłki pomyłkowo pomyłkow^ omyłka omyłkowo omyłkow^ błąd błędnie błędn^ mylnie "
    "przezpomyłkę przezprzypadek przypadkowo zignorować zignoruj ignorować nieuwzględniać "
    "omyl omylem chyba chybně chybn^ mylně mylný nedopatřením ignorovat ignorujte omylom chybne "
    "ошибка ошибочно ошибочн~ поошибке случайно игнорировать неучитывать поошибкедобавлено "
    "yanlışlıkla yanlış hata hatalı sehven dikkatealmayın yoksay yoksayın "
    "greșeală dingreșeală greșit eronat eroare помилка помилково помилков~ ігнорувати грешка "
    "погрешно поголемагрешка greška greškom pogreška pogrešno pomota pomotoma napaka napačno "
    "klaida klaidingai perklaidą kļūda kļūdaini kļūdasdēļ eksitus ekslikult kogemata pererror "
    "nhầm nhầmlẫn dolỗi kesalahan karenakesalahan abaikan"
)
"""Of a record that nothing else is said of: it was listed by mistake, or is not to be heeded."""

WRONG = (
    "collisions hashcollisions emptyfiles fehlerfassungen testvector testvectors testhash "
    "testhashes testfile testfiles appealgranted appealsgranted appealupheld "
    "appealsupheld wrong incorrect faulty typo mismatch "
    "mixup mixedup badhash badmd5 badsha1 badsum badfile awaiting awaitingqa badentry badrecord "
    "baddata oops hold test tests testing legit legitimate stock stockphoto stockphotos "
    "stockimage stockimages meme memes emptyfile emptyimage blankimage blankpage zerobyte "
    "zerobytes defaultimage collision hashcollision blank avatar icon favicon medical artwork "
    "newsphoto sfw errorpage corrupt corrupted donotaction donotload donotimport donotinclude "
    "donotadd donotprocess donotingest forinfoonly entfällt entfallen stornieren storno "
    "oversight blunder unintended accidental notours notour notvalidated testentry testdata "
    "testrecord falsch+ verkehrt+ tippfehler faux fausse mauvais mauvaise incorrect@ incorrect* "
    "fals* sbagliat* scorrett* verkeerd verkeerde onjuist onjuiste fout fouten incorret* fel "
    "felaktighet forkert forkerte galt väärä väärin rossz hibáshash niepoprawn^ nieprawidłow^ "
    "zł^ nesprávn^ špatn^ неверн~ неправильн~ qafail qafailed qcfail qcfailed failedqa failedqc "
    "failqa failqc failed fail notpassed nichtbestanden échec recusado reverted undone undo "
    "pulled scrapped reversed dismissed discarded abandoned retest recheck doublecheck "
    "needsreview needsrecheck secondopinion replaced replacedby ersetzt+ remplac@ reemplazad* "
    "sostituit* vervangen substituíd* ersatt erstattet korvattu zastąpion^ nahrazen^ заменен~ "
    "cat8 category8 caid8 caidcat8 caidcategory8 vic8 viccat8 kategorie8 catégorie8 categoría8 "
    "categoria8 categorie8 kategoria8 kategori8"
)
"""Short notes of these may take back, and nobody here can say."""

OF_AGE = (
    "grownup grownups ofage overage over18 volljährig+ erwachsenenporno majeur majeure majeurs "
    "mayordeedad maggiorenne maggiorenni meerderjarig meerderjarige maiordeidade myndig myndiga "
    "täysikäinen nagykorú pełnoletni pełnoletnia plnoletá plnoletý zletilý zletilá "
    "совершеннолетн~ "
    "reşit"
)
"""Of grown-ups, whom a giver may list, or list apart."""

SET_APART = (
    "archive archives archiv archivo archivio arquivo archief archiwum архив arkiv arşiv triage "
    "backlog inbox rm rmv rmvd wl kg unsorted unprocessed todelete tocheck struck out hidden "
    "tombstones minus test tests awaiting awaitingqa checklater"
)
"""Headings of one such word may take out, and nobody here can say; among others they do not."""

TAKEN_IN = (
    "added add included entered submitted reported hashed classified categorised "
    "categorized flagged matched tagged inserted imported recorded registered marked "
    "identified listed aufgenommen eingetragen hinzugefügt+ gemeldet+ gelistet+ erfasst "
    "markiert+ "
    "übermittelt klassifiziert ajout@ inclus incluse saisi saisie signal@ list@ inscrit inscrite "
    "incluid* añadid* agregad* reportad* insertad* marcad* inserit* aggiunt* inclus* segnalat* "
    "toegevoegd opgenomen gemeld geplaatst ingevoerd adicionad* inserid* denunciad* tillagd "
    "tillagt tillagda listad listat rapporterad tilføjet medtaget lagttil oppført indberettet "
    "lisätty ilmoitettu hozzáadva hozzáadott felvett felvéve bejelentett dodan^ wpisan^ "
    "zgłoszon^ "
    "wprowadzon^ přidán přidan^ zařazen^ nahlášen^ vložen^ добавлен~ внесен~ включен~ eklendi "
    "eklenmiş eklenen adăugat adăugată додан~ dodano dodat dodana unesen pridané pridaný "
    "įtraukta "
    "įtrauktas pievienots lisatud"
)
"""What was done with an entry before: by themselves they say nothing."""

TO_REMOVE = (
    "unlist scrub scrubbed strike strikeout nix kill pull gone dontuse notforuse notusable "
    "rescission rescissions rectification rectifications löschliste löschlisten löschkandidaten "
    "streichen bittestreichen tilgen zurückgestellt sansobjet classéesanssuite classéessanssuite "
    "nulle àretirer àsupprimer àeffacer effacer enlever dardebaja dardebaixa quitar borrado "
    "paraborrar darimuovere daeliminare dacancellare archiviati archiviata archivées archivés "
    "archivados archivadas foutje geseponeerd schrappen weghalen teverwijderen raderas tasbort "
    "skatasbort skaraderas slettes skalslettes fjernes skalfjernes poistetaan poistettava "
    "poistettavat törlendő törlendők törölni eltávolítandó usunąć skasować skasowania "
    "doskasowania dousunięcia wykreślić umorzone umorzono smazat kesmazání smazání odstranit "
    "vymazat odložené удалить удаление наудаление исключить снять silinecek silinecekler "
    "silinmeli kaldırılacak kaldırılacaklar 削除 削除済み 削除済 取消 取り消し 取下げ 撤回 無効 "
    "失効 除外 誤検出 誤検知 誤登録 删除 已删除 移除 已移除 撤销 已撤销 作废 无效 失效 误报 刪除 "
    "已刪除 撤銷 無效 誤報 삭제 삭제됨 제거 철회 취소 무효 오탐 محذوف محذوفة ملغى ملغاة مسحوب "
    "إزالة حذف הוסר הוסרו נמחק בוטל ביטול διαγραμμένα διαγραφή διαγράφηκε αφαιρέθηκε αφαιρέθηκαν "
    "ανακλήθηκε ανάκληση ακυρώθηκε"
)
"""What is to be removed, or was, where nothing else is said."""

SUBJECTS = (
    "child children kid kids minor minors underage juvenile abuse abusive sexual sexualised "
    "indecent nude nudity pornographic porn illegal unlawful csam csem csai cp match right "
    "related relevant kind kinder minderjährig+ missbrauch kipo strafbar mineur mineure enfant "
    "enfants abus illicite menor menores niño niña niños abuso delito minore minori bambino "
    "bambini reato minderjarig minderjarige misbruik strafbaar criança crianças mindreårig "
    "mindreårige barn övergrepp overgreb overgrep straffbart lapsi alaikäinen hyväksikäyttö "
    "rikos gyerek gyermek kiskorú dziecko dziecka nieletni małoletni przestępstwo dítě dětská "
    "nezletilý trestné ребёнок ребенок ребенка ребёнка несовершеннолетн~ преступление çocuk "
    "istismar suç copil minoră дитина дете dijete otrok vaikas bērns laps trẻem anak"
)
"""Where a note of few words denies one of these, its entry may not be listed."""

RECALLS = (
    "recalled recall recalls takeback takebacks takenback rollback rollbacks rolledback rückruf "
    "rückrufe rücknahme rücknahmen zurückgerufen+ rappel@ rappels "
    "erased struckoff stricken takenoff unflagged untagged "
    "invalidated exonerated vacated repudiated"
)
"""What was given and is asked back; in a text of its own a victim may have recalled something."""

# -- Of languages of which little is known ---------------------------------------------------------

TAKEN_BACK = (
    "annul annulment rescission rescissions șters ștearsă șterse ştears ştearsă retras retrasă "
    "retrase eliminat eliminată anulat anulată revocat revocată expirat expirată scos scoasă "
    "видален~ вилучен~ відкликан~ скасован~ знят~ анульован~ недійсн~ премахнат премахната "
    "премахнато изтрит изтрита изтрито оттеглен~ отменен~ uklonjen^ obrisan^ izbrisan^ povučen^ "
    "poništen^ opozvan^ istekao istekla уклоњен~ обрисан~ odstranjen^ umaknjen^ preklican^ "
    "razveljavljen^ odstránen^ odvolan^ neplatné zmazan^ pašalintas pašalinta pašalinti "
    "ištrintas ištrinta atšauktas atšaukta panaikintas panaikinta negaliojantis nebegalioja "
    "dzēsts dzēsta izdzēsts izdzēsta atsaukts atsaukta noņemts noņemta anulēts anulēta "
    "kustutatud eemaldatud tühistatud kehtetu tagasivõetud aegunud eliminada retirada anul·lat "
    "caducat đãxóa đãxoá đãgỡ đãgỡbỏ bịxóa thuhồi đãthuhồi hủybỏ dihapus ditarik dicabut "
    "kedaluwarsa"
)

LISTED = (
    "activ activă valabil valabilă confirmat confirmată чинн~ дійсн~ підтверджен~ действащ "
    "потвърден aktivan važeći potvrđen^ veljaven veljavn^ potrjen^ platný aktívny aktívne "
    "aktyvus "
    "aktyvi galioja galiojantis patvirtintas aktīvs derīgs apstiprināts aktiivne kehtiv "
    "kinnitatud "
    "vàlid confirmada hiệulực cònhiệulực đãxácnhận hoạtđộng đanghoạtđộng berlaku dikonfirmasi"
)

# -- Names of columns that decide ------------------------------------------------------------------

STANDING_NAMES = (
    "stare starea situație situația decizie decizia стан статус рішення состояние решение "
    "действие "
    "результат вердикт оценка състояние статут stan stav stanje odluka odločitev rozhodnutí "
    "rozhodnutie výsledek výsledok wynik decyzja ocena állapot státusz döntés eredmény tila "
    "päätös "
    "tulos tilanne tillstånd beslut resultat bedömning tilstand afgørelse avgjørelse beslutning "
    "vurdering durum durumu karar sonuç būsena būklė statusas sprendimas statuss stāvoklis "
    "lēmums "
    "olek staatus otsus seisund estat estado decisió trạngthái tìnhtrạng quyếtđịnh keadaan "
    "keputusan hali hadhi egoera stádas statws statusi gjendja staða κατάσταση απόφαση "
    "αποτέλεσμα "
    "pagpapasya katayuan estatus stato esito "
    "consensus against contra nays downvotes dagegen gegenstimmen contre tegen emot proti "
    "przeciw "
    "disagree disagrees disagreed "
    "disagreement disagreements votesagainst dissent objections qa qc qualitycheck "
    "qualitycontrol qualityassurance check checks checked validation audit "
    "audited auditresult screening vetting approval acceptance passfail pass passed fail failed "
    "adjudication determination finding opinion conclusion overrule override prüfung kontrolle "
    "freigabe contrôle vérification verificación verifica controle goedkeuring granskning "
    "kontroll kontrol tarkastus ellenőrzés kontrola weryfikacja ověření проверка перевірка onay"
)
CATEGORY_NAMES = (
    "категория категорія категорија категорії kategoria kategorija kategorie kategória "
    "kategooria "
    "luokka luokitus kategori klassificering klassificering klassifisering osztály besorolás "
    "klasyfikacja klasifikace класс классификация класифікація sınıf κατηγορία danhmục"
)

# -- What others than the giver took down ----------------------------------------------------------

HOSTS = (
    "host hosts hoster hosters hosting isp isps platform platforms website websites site sites "
    "registrar server servers web internet online webhost webhoster hébergeur hébergeurs "
    "plateforme plataforma plataformas piattaforma plattform plattformen alojamiento hostingu "
    "хостинг хостинга хостером платформа платформой webbplats nettsted hjemmeside sivusto tárhely"
)
"""Who takes a picture down that stays listed: `removed by host`."""

OTHERS = (
    "content contents image images picture pictures photo photos media material file files page "
    "pages post posts account accounts profile source sources provider providers owner owners "
    "uploader user users author publisher hotline police agency admin moderator anbieter inhalt "
    "inhalte contenu contenido contenuto conteúdo inhoud fournisseur proveedor fornitore "
    "aanbieder"
)
"""These may have done so, or it may have been done to them; nobody here can say."""

SUCCESSORS = (
    "replacedby replacedwith supersededby supersededwith substitutedby substitutedwith "
    "succeededby mergedinto mergedwith mergedto correctedto changedto replacement replacements "
    "replacementhash replacementmd5 replacementsha1 replacementid successor successors "
    "successorid "
    "ersetztdurch ersatz nachfolger remplacépar remplacéepar successeur sustituidopor "
    "reemplazadopor sucesor sostituitoda sostituitocon successore vervangendoor opvolger "
    "substituídopor sucessor ersattav ersattmed erstattetaf erstattetav erstattetmed korvattu "
    "korvaaja lecserélve utód zastąpionyprzez zastąpioneprzez nahrazeno nahrazenčím nástupce "
    "замененна замененона заменён yerine înlocuitde înlocuitcu"
)
"""Of these a column is called that says by what the entry of its row was replaced."""

ASKED = "requested request notice sent issued ordered"
"""Of a host it was asked that it takes something down: `takedown requested`."""

PEOPLE = "victim victims offender offenders suspect suspects perpetrator opfer täter"
"""The state of one of these decides nothing: `victim status`."""

NO_FLAG = "hold basis ground grounds notice entity team framework reference article advice"
"""Beside these a word such as `legal` says nothing of a record."""

REJECTED = "rejected rejet@ rechazad* abgelehnt afgewezen"
CONFIRMED = (
    "confirmed verified toids actionable reviewed confirm@ vérifi@ confirmad* verificad* "
    "confermat* verificat* bestätigt verifiziert geprüft kontrolliert freigegeben bevestigd "
    "geverifieerd contrôl@ controllat* gecontroleerd revisad* aprobad* approuv@ "
    "approvat* aprovad* approved"
)
"""Where a column of these says no, its giver did not confirm."""
EITHER = "freigegeben"
"""What a column of these says yes to may be listed, or was let go."""
