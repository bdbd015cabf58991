"""What a column means, one plain line each, for people who read `inspect`.

Names in any case, from the data sets that people hold: LAION and Re-LAION, DataComp, COYO,
PD12M, and what img2dataset writes.
"""

from relaion.parquet.role_rules import bare_name

UNKNOWN = "not known, kept as it is"
BY_NAME = "by name and type"  # why a column plays a role
NO_COLUMN = "no column"  # why a kind of list cannot be matched

_MEANINGS = {
    # LAION and Re-LAION
    "url": "link to the image",
    "text": "caption from beside the image",
    "caption": "caption from beside the image",
    "txt": "caption from beside the image",
    "sample_id": "row number in older LAION sets",
    "width": "width in pixels, in some sets height",
    "height": "height in pixels, in some sets width",
    "license": "Creative Commons licence, or `?`",
    "language": "language of the caption",
    "lang": "language of the caption",
    "nsfw": "LAION's first safety tag",
    "similarity": "how well caption and image fit",
    "punsafe": "probability of an unsafe image, 0 to 1",
    "pwatermark": "probability of a watermark, 0 to 1",
    "prediction": "a classifier's score",
    "aesthetic": "how pleasing the image is",
    "aesthetic_score": "how pleasing the image is",
    "top_caption": "best caption by a model",
    "all_captions": "captions by a model",
    "all_similarities": "how well each of those captions fits",
    "eng text": "caption translated to English",
    "cogvlm_caption": "caption by a model",
    "llava_caption": "caption by a model",
    "__index_level_0__": "row number left by pandas",
    # img2dataset
    "key": "name of the sample in one download",
    "status": "whether the download worked",
    "error_message": "why the download failed",
    "original_width": "width before resizing",
    "original_height": "height before resizing",
    "exif": "camera data (JSON)",
    "md5": "MD5 of the image file",
    "sha1": "SHA-1 of the image file",
    "sha256": "SHA-256 of the image file",
    "sha512": "SHA-512 of the image file",
    "jpg": "the image itself",
    "image": "the image itself",
    "bboxes": "boxes within the image",
    # DataComp
    "uid": "identity of the row",
    "clip_b32_similarity_score": "how well caption and image fit",
    "clip_l14_similarity_score": "how well caption and image fit",
    "face_bboxes": "boxes of faces, to be blurred",
    # COYO
    "id": "identity of the row",
    "image_phash": "perceptual hash",
    "text_length": "characters of the caption",
    "word_count": "words of the caption",
    "num_tokens_bert": "tokens of the caption",
    "num_tokens_gpt": "tokens of the caption",
    "num_faces": "faces in the image",
    "clip_similarity_vitb32": "how well caption and image fit",
    "clip_similarity_vitl14": "how well caption and image fit",
    "nsfw_score_opennsfw2": "safety score of OpenNSFW2",
    "nsfw_score_gantman": "safety score of GantMan",
    "watermark_score": "probability of a watermark, 0 to 1",
    "aesthetic_score_laion_v2": "how pleasing the image is",
    # PD12M, Open Images and relatives
    "image_url": "link to the image",
    "mime_type": "file type of the image",
    "source": "where the image comes from",
    "originalmd5": "MD5 of the image file",
    "url_md5": "MD5 of the link",
    "url_sha1": "SHA-1 of the link",
    "url_sha256": "SHA-256 of the link",
}
# whole numbers, which pandas turns into fractions where one is missing
_WHOLE = {"sample_id", "width", "height", "original_width", "original_height"}
for _name in ("md5", "sha1", "sha256", "sha512"):
    for _written in (f"image_{_name}", f"{_name}hash", f"{_name}_hash", f"{_name}sum"):
        _MEANINGS[_written] = _MEANINGS[_name]


def meaning(name: str, kind: str) -> str:
    """One line for a column, from its name in any case and its type; UNKNOWN if not known.

    `kind` is the type as `plain_type` writes it. A type that such a column has only by an
    accident on its way is explained too.
    """
    lower = bare_name(name).lower()
    if lower == "hash":
        if kind == "string" or kind.startswith("binary"):
            return "hash of the image file"
        return "LAION's hash of link and caption"
    told = _MEANINGS.get(lower, UNKNOWN)
    if kind == "null":
        told += "; without a type: NULL in every row"
    if lower in _WHOLE and kind in ("float", "double"):
        told += "; as a fraction, since pandas met a NULL"
    return told
