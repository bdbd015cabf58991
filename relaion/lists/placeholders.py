"""Digests that name no picture: of the empty file, of one pixel as pages inline it, of one digit.

A download that failed is an empty file, and millions of links lead to the same pixel.
On a list they would name the innocent. One digit throughout stands where a giver had no digest.
The bytes themselves stand in `tests/cases/placeholders.txt`, and a test makes these digests from
them.
"""

EMPTY_FILE = "hash of the empty file"
ONE_PIXEL = "hash of a blank pixel"
ONE_DIGIT = "hash of one digit only"
NO_ROW = "row hash of no link and no caption"
PLACEHOLDERS = frozenset((EMPTY_FILE, ONE_PIXEL, ONE_DIGIT, NO_ROW))
"""Reasons why what is written well is no entry."""

_EMPTY = (
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
_ONE_PIXEL = (
    # GIF that nginx sends for empty_gif, 43 bytes
    "ad4b0f606e0f8465bc4c4c170b37e1a3",
    "50b30fd5f87c85fe5cba2635cb83316ca71250d7",
    "cf4724b2f736ed1a0ae6bc28f1ead963d9cd2c1fd87b6ef32e7799fc1c5c8bda",
    # GIF blank.gif and clear.gif, white and black, 43 bytes
    "325472601571f31e1bf00674c368d335",
    "2daeaa8b5f19f0bc209d976c02bd6acb51b00b0a",
    "b1442e85b03bdcaf66dc58c7abb98745dd2687d86350be9a298a1d9382ac849b",
    # GIF blank.gif, black and black, 43 bytes
    "df3e567d6f16d040326c7a0ea29a4f41",
    "ea7df583983133b62712b5e73bffbcd45cc53736",
    "548f2d6f4d0d820c6c5ffbeffcbd7f0e73193e2932eefe542accc84762deec87",
    # GIF s.gif and spacer.gif, grey and black, 43 bytes
    "fc94fb0c3ed8a8f909dbc7630a0987ff",
    "56d45f8a17f5078a20af9962c992ca4678450765",
    "2dfe28cbdb83f01c940de6a88ab86200154fd772d568035ac568664e52068363",
    # GIF of web beacons, red and black, 43 bytes
    "57f187c7a868faeac558007a8eb6cb2e",
    "11ab10ab109fdb53d91d444ac781101f5a6360c6",
    "aa03dc59bdca72631d2301e4297cfa030bd31b907dc138e7b973d12311c90a22",
    # GIF inlined by many scripts, black and white, 42 bytes
    "d89746888da2d9510b64a9f031eaecd5",
    "d5fceb6532643d0d84ffe09c40c481ecdf59e15a",
    "ef1955ae757c8b966c83248350331bd3a30f658ced11f387f8ebf05ab3368629",
    # GIF inlined by scripts that load pictures late, no colours, 37 bytes
    "3eacd0132310ea44cad756b378a3bc07",
    "e2216a7e9b73f5cb0279351c78ce61c33475cea7",
    "bb229a48bee31f5d54ca12dc9bd960c63a671f0d4be86a054c1d324a44499d96",
    # PNG inlined by many pages, RGBA 0 0 0 0, 68 bytes
    "c4a2b870062c2bb98c500bc1526c0498",
    "528666ccdb12997358077bc8fcdbfb6b825c7788",
    "2aa4fa20701cdd6d8d56046069001186b5267e3ee7d0ef618ad2f4a683723e11",
    # PNG inlined by many pages, grey 1 alpha 0, 68 bytes
    "91e42db1c66c0b276abf6234dc50b2eb",
    "c1986af3c26609b8b7d8933f99c51c1a89e9ea6b",
    "63ef318d96b5d0d0ceba6e04a4e622b1158335cdc67c49e27839132c6f655058",
    # PNG inlined in examples, RGBA, 70 bytes, first
    "b357a19c87624c7c4d131aeeb4ae677f",
    "c7a9c45fd419815a5ab1998503a9f03514c0e229",
    "497790947d4666760ce38f3c00e852c71fdb66cae849bae8e9ede352719e1581",
    # PNG inlined in examples, RGBA, 70 bytes, second
    "f829b914fc47cfc9c0747c119c27cf1b",
    "4a5eb7171b58e08a6881721e3b43d5a44419a2be",
    "6b7fa434f92a8b80aab02d9bf1a12e49ffcae424e4013a1c4f68b67e3d2bbcd0",
    # PNG inlined in examples, RGBA, 70 bytes, third
    "2cd8bde463f5d82aae0f0cec061d6b8f",
    "b2bbe763c7e1828c750d53f78550709a6fea19be",
    "c414cd0e204de974f73753c7e28d7638e7b3691bb8b1a2bab6b25bb7fed7ce77",
    # JPEG called the smallest, 107 bytes
    "8c90748342f19b195b9c6b4eff742ded",
    "a73605cfc159cb59ccd60c2717c3aa203d2ba560",
    "0b8d8b5f15046343fd32f451df93acc2bdd9e6373be478b968e4cad6b6647351",
)

_REPEATED = (digit * length for digit in "0123456789abcdef" for length in (32, 40, 64))

OF_NO_PICTURE = (
    dict.fromkeys(_EMPTY, EMPTY_FILE)
    | dict.fromkeys(_ONE_PIXEL, ONE_PIXEL)
    | dict.fromkeys(_REPEATED, ONE_DIGIT)
)
"""Digests that are no entry, in lower-case hex, each with the reason."""

OF_NO_ROW = "0000000000000000"
"""LAION's row hash of an empty text: every row whose link and caption are empty has it."""
