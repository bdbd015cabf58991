"""Lists that are lines of text, and what the words between their entries say.

A line of words is looked at in this order; the first that says something decides:

1. `comments`: what is commented out is left out; a comment becomes `# …`.
2. `vocabulary/asides`: sentences that name what takes out, and say nothing of what is listed, are
   passed over (`please report false positives to us`).
3. `titles.title_of`: short lines whose words stand at an end (`# removed`, `Known good:`).
4. `asks`: sentences that point to what stands below and ask to take it out.
5. `headings.says_of`: what no single word tells: denials (`vocabulary/denials`), what digests are
   of (`of_digests`: links, texts, parts), what is listed nowhere (trials, files of systems, what is
   past, pages to read), and what speaks of the entries above.
6. `prose`: any other line, by the words that nobody here knows.

Words decide in one of four ways, which `sections` carries out:

- **takes out** (known words): the section is left out and counted; no option goes against it.
- **denies** (known words of a sentence, `Doubt.is_denial`): refused; no option goes against it.
- **asks** (`Doubt`, `prose.ASKED`): refused until `--ignore title`.
- **tells** (`prose.TOLD`): read, with a notice of the line's number.

The file's name says what a title above all lines says, until `--ignore file-name`.

**Text in no language known here** is told of, and asked about only as a heading among entries. Of
661 files made for trial, 44 innocent ones hold lines that are told of (names of offices, lists in
Arabic, Thai or Hungarian) and 20 hostile ones; asking would refuse twice as many lists as it would
stop. What a denial says in one more language belongs into `vocabulary/patterns/denials.txt`.
"""
