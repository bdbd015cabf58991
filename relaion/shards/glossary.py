"""What a column means, one plain line each, for people who read `inspect`.

Names in any case, from the data sets that people hold: LAION and Re-LAION, DataComp, COYO,
PD12M, and what img2dataset writes.
"""

UNKNOWN = "not known to relaion; kept as it is"

_MEANINGS = {
    # LAION and Re-LAION
    "url": "link to the image",
    "text": "caption, as found beside the image (alt text)",
    "caption": "caption, as found beside the image (alt text)",
    "txt": "caption, as found beside the image (alt text)",
    "sample_id": "number of the row in LAION-400M and the original LAION-5B",
    "width": "width in pixels (LAION-400M and original LAION-5B swap it with HEIGHT)",
    "height": "height in pixels (LAION-400M and original LAION-5B swap it with WIDTH)",
    "license": "Creative Commons licence, `?` where not known",
    "language": "language of the caption, as detected",
    "lang": "language of the caption, as detected",
    "nsfw": "LAION's first safety tag, a word; the score `punsafe` replaced it",
    "similarity": "how well caption and image fit (CLIP, 0 to 1)",
    "punsafe": "probability that the image is not safe (0 to 1)",
    "pwatermark": "probability of a watermark (0 to 1; 0.5 where it was missing in nolang)",
    "prediction": "a classifier's score; in LAION's safety tables it is `punsafe`",
    "aesthetic": "how pleasing the image is (1 to 10)",
    "aesthetic_score": "how pleasing the image is (1 to 10)",
    "top_caption": "best of the captions that a model wrote (LAION-COCO)",
    "all_captions": "captions that a model wrote (LAION-COCO)",
    "all_similarities": "how well each caption of `all_captions` fits",
    "eng text": "caption translated to English by a model",
    "cogvlm_caption": "caption that a model wrote (LAION-POP)",
    "llava_caption": "caption that a model wrote (LAION-POP)",
    "__index_level_0__": "row number that pandas left behind",
    # img2dataset
    "key": "name of the sample within one download",
    "status": "whether the download worked",
    "error_message": "why the download failed",
    "original_width": "width in pixels before resizing",
    "original_height": "height in pixels before resizing",
    "exif": "what the camera wrote into the file (JSON)",
    "md5": "MD5 of the image file as downloaded",
    "sha1": "SHA-1 of the image file",
    "sha256": "SHA-256 of the image file as downloaded",
    "sha512": "SHA-512 of the image file as downloaded",
    "jpg": "the image itself",
    "image": "the image itself",
    "bboxes": "boxes within the image",
    # DataComp
    "uid": "identity of the row in DataComp",
    "clip_b32_similarity_score": "how well caption and image fit (CLIP B/32)",
    "clip_l14_similarity_score": "how well caption and image fit (CLIP L/14)",
    "face_bboxes": "boxes of faces, to be blurred",
    # COYO
    "id": "identity of the row in its data set",
    "image_phash": "perceptual hash: images that look alike share it",
    "text_length": "characters of the caption",
    "word_count": "words of the caption",
    "num_tokens_bert": "tokens of the caption (BERT)",
    "num_tokens_gpt": "tokens of the caption (GPT)",
    "num_faces": "faces in the image",
    "clip_similarity_vitb32": "how well caption and image fit (CLIP B/32)",
    "clip_similarity_vitl14": "how well caption and image fit (CLIP L/14)",
    "nsfw_score_opennsfw2": "safety score of another model (OpenNSFW2)",
    "nsfw_score_gantman": "safety score of another model (GantMan)",
    "watermark_score": "probability of a watermark (0 to 1)",
    "aesthetic_score_laion_v2": "how pleasing the image is (1 to 10)",
    # PD12M, Open Images and relatives
    "image_url": "link to the image",
    "mime_type": "file type of the image",
    "source": "where the image comes from",
    "originalmd5": "MD5 of the image file (Open Images writes it in base64)",
    "url_md5": "MD5 of the link",
    "url_sha1": "SHA-1 of the link",
    "url_sha256": "SHA-256 of the link",
}
for _name in ("md5", "sha1", "sha256", "sha512"):
    for _written in (f"image_{_name}", f"{_name}hash", f"{_name}_hash", f"{_name}sum"):
        _MEANINGS[_written] = _MEANINGS[_name].removesuffix(" as downloaded")


def meaning(name: str, kind: str) -> str:
    """One line for a column, from its name in any case and its type; UNKNOWN if not known.

    `kind` is the type as `plain_type` writes it: only `hash` needs it.
    """
    if name.lower() == "hash":
        if kind == "string" or kind.startswith("binary"):
            return "hash of the image file (MD5 in PD12M)"
        return "LAION's row hash: MurmurHash3 of link and caption"
    return _MEANINGS.get(name.lower(), UNKNOWN)
