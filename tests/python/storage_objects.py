"""google-cloud-storage against the local cloud: uploads, downloads, checksums, preconditions, listing, copies."""

import base64
import hashlib
import io
import os
import sys
import tempfile

os.environ["STORAGE_EMULATOR_HOST"] = sys.argv[1]

import google_crc32c
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from checks import PROJECT, check, equal, main, raises

CLIENT = storage.Client(project=PROJECT, credentials=AnonymousCredentials())
BUCKET = CLIENT.create_bucket("objects-of-python", location="EU")
# Not a repeated pattern: a chunk that is stored twice or in the wrong place must show.
RANDOM = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(100_000))


def crc32c(data):
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def names(**options):
    return [blob.name for blob in CLIENT.list_blobs(BUCKET, **options)]


@check
def a_string_comes_back():
    blob = BUCKET.blob("text.txt")
    blob.upload_from_string("grüße, 世界 🌊\r\n", content_type="text/plain; charset=utf-8")
    read = BUCKET.get_blob("text.txt")
    expected = "grüße, 世界 🌊\r\n".encode()
    equal(read.size, len(expected))
    equal(read.content_type, "text/plain; charset=utf-8")
    equal(read.crc32c, crc32c(expected))
    equal(read.md5_hash, md5(expected))
    equal(read.download_as_bytes(), expected)
    equal(read.download_as_text(), expected.decode())
    equal(read.storage_class, "STANDARD")
    assert read.generation == blob.generation and read.metageneration == 1
    assert read.time_created == read.updated, (read.time_created, read.updated)
    equal(BUCKET.get_blob("never-written"), None)


@check
def empty_and_awkward_names():
    for name in ["empty", "a/b//c", "sp ace", "per%cent%2F", "plus+and&amp?x=1#y", "ünï/çødé 🌊", "../dots", "x" * 1024]:
        BUCKET.blob(name).upload_from_string(name.encode() if name != "empty" else b"")
        expected = b"" if name == "empty" else name.encode()
        equal(BUCKET.blob(name).download_as_bytes(), expected, name)
        assert name in names(prefix=name[:20]), name
        BUCKET.blob(name).delete()
        assert not BUCKET.blob(name).exists(), name


@check
def files_and_streams():
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source.bin"), os.path.join(folder, "target.bin")
        with open(source, "wb") as file:
            file.write(RANDOM)
        BUCKET.blob("file.bin").upload_from_filename(source)
        BUCKET.blob("file.bin").download_to_filename(target)
        with open(target, "rb") as file:
            assert file.read() == RANDOM
    BUCKET.blob("stream.bin").upload_from_file(io.BytesIO(RANDOM), size=len(RANDOM))
    assert BUCKET.blob("stream.bin").download_as_bytes() == RANDOM
    with BUCKET.blob("written.bin").open("wb", chunk_size=256 * 1024) as writer:
        for start in range(0, 1_000_000, 100_000):
            writer.write(RANDOM[start : start + 100_000])
    with BUCKET.blob("written.bin").open("rb", chunk_size=300_000) as reader:
        assert reader.read() == RANDOM[:1_000_000]


@check
def a_resumable_upload_in_chunks():
    # 262,144 is the smallest chunk; the last one is partial, and one upload ends exactly on a chunk's edge.
    for size in [0, 1, 262_144, 262_145, 3 * 262_144, 1_000_003]:
        blob = BUCKET.blob(f"chunks-{size}", chunk_size=262_144)
        blob.upload_from_file(io.BytesIO(RANDOM[:size]), checksum="crc32c")
        blob.reload()
        equal((blob.size, blob.crc32c, blob.md5_hash), (size, crc32c(RANDOM[:size]), md5(RANDOM[:size])))
        # The download is in chunks as well.
        assert BUCKET.blob(f"chunks-{size}", chunk_size=262_144).download_as_bytes() == RANDOM[:size], size


@check
def a_resumable_upload_of_unknown_size():
    class Unsized(io.RawIOBase):
        def __init__(self):
            self.data = io.BytesIO(RANDOM[:700_000])

        def read(self, size=-1):
            return self.data.read(size)

        def tell(self):
            return self.data.tell()

        def seek(self, *arguments):
            return self.data.seek(*arguments)

    blob = BUCKET.blob("unsized", chunk_size=262_144)
    blob.upload_from_file(Unsized())
    assert blob.download_as_bytes() == RANDOM[:700_000]


@check
def ranges():
    blob = BUCKET.blob("ranges")
    blob.upload_from_string(b"0123456789")
    for start, end, expected in [
        (0, 0, b"0"),
        (2, 5, b"2345"),
        (7, None, b"789"),
        (None, 3, b"0123"),
        (8, 100, b"89"),
        (-3, None, b"789"),
    ]:
        equal(blob.download_as_bytes(start=start, end=end), expected, f"{start}..{end}")
    with raises(exceptions.RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=10)


@check
def a_wrong_checksum_is_refused():
    for field, value in [("crc32c", crc32c(b"other")), ("md5_hash", md5(b"other"))]:
        blob = BUCKET.blob("wrong")
        setattr(blob, field, value)
        with raises(exceptions.BadRequest, field.removesuffix("_hash")):
            blob.upload_from_string(b"content", checksum=None)
        assert not BUCKET.blob("wrong").exists(), "an object with a wrong checksum must not appear"
    for checksum in ["md5", "crc32c"]:
        BUCKET.blob("right").upload_from_string(RANDOM[:1000], checksum=checksum)
        equal(BUCKET.blob("right").download_as_bytes(checksum=checksum), RANDOM[:1000])


@check
def generation_preconditions():
    blob = BUCKET.blob("fenced")
    blob.upload_from_string(b"one", if_generation_match=0)
    with raises(exceptions.PreconditionFailed, "pre-conditions"):
        BUCKET.blob("fenced").upload_from_string(b"two", if_generation_match=0)
    with raises(exceptions.PreconditionFailed):
        BUCKET.blob("fenced", chunk_size=262_144).upload_from_file(io.BytesIO(RANDOM), if_generation_match=0)
    first = blob.generation
    blob.upload_from_string(b"two", if_generation_match=first)
    second = blob.generation
    assert second > first, (first, second)
    with raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=first)
    with raises(exceptions.PreconditionFailed):
        blob.download_as_bytes(if_generation_match=first)
    with raises(exceptions.NotModified):
        blob.reload(if_generation_not_match=second)
    equal(blob.download_as_bytes(if_generation_match=second), b"two")
    blob.delete(if_generation_match=second)
    with raises(exceptions.NotFound):
        blob.delete()


@check
def metadata_patch():
    blob = BUCKET.blob("patched")
    blob.metadata = {"colour": "blue", "shape": "round"}
    blob.upload_from_string(b"x", content_type="application/json")
    equal(blob.metageneration, 1)
    blob.metadata = {"colour": "red", "shape": None}
    blob.cache_control = "no-store"
    blob.content_disposition = 'attachment; filename="ü.txt"'
    blob.patch(if_metageneration_match=1)
    read = BUCKET.get_blob("patched")
    equal(read.metadata, {"colour": "red"})
    equal(read.cache_control, "no-store")
    equal(read.content_disposition, 'attachment; filename="ü.txt"')
    equal(read.content_type, "application/json")
    equal(read.metageneration, 2)
    equal(read.generation, blob.generation)
    with raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=1)
    blob.update_storage_class("NEARLINE")
    equal(BUCKET.get_blob("patched").storage_class, "NEARLINE")
    equal(BUCKET.get_blob("patched").download_as_bytes(), b"x")


@check
def prefixes_and_delimiters():
    for name in ["list/a", "list/b/1", "list/b/2", "list/c/d/3", "list/é", "listing"]:
        BUCKET.blob(name).upload_from_string(name)
    equal(names(prefix="list/"), ["list/a", "list/b/1", "list/b/2", "list/c/d/3", "list/é"])
    pages = CLIENT.list_blobs(BUCKET, prefix="list/", delimiter="/")
    equal([blob.name for blob in pages], ["list/a", "list/é"])
    equal(sorted(pages.prefixes), ["list/b/", "list/c/"])
    pages = CLIENT.list_blobs(BUCKET, prefix="list", delimiter="/")
    equal(([blob.name for blob in pages], sorted(pages.prefixes)), (["listing"], ["list/"]))
    equal(names(prefix="list/", start_offset="list/b/2", end_offset="list/é"), ["list/b/2", "list/c/d/3"])
    equal(names(match_glob="list/*/2"), ["list/b/2"])
    equal(names(prefix="none-of-these/"), [])


@check
def listing_in_pages():
    expected = [f"pages/{i:03}" for i in range(23)]
    for name in expected:
        BUCKET.blob(name).upload_from_string(b"")
    pages = list(CLIENT.list_blobs(BUCKET, prefix="pages/", page_size=5).pages)
    equal([page.num_items for page in pages], [5, 5, 5, 5, 3])
    equal(names(prefix="pages/", page_size=7), expected)
    equal(len(names(prefix="pages/", max_results=9)), 9)
    # A prefix counts as one entry, and does not come again on the next page.
    folders = CLIENT.list_blobs(BUCKET, prefix="list/", delimiter="/", page_size=1)
    equal(([b.name for b in folders], sorted(folders.prefixes)), (["list/a", "list/é"], ["list/b/", "list/c/"]))


@check
def compose():
    parts = []
    for i in range(32):
        part = BUCKET.blob(f"compose/{i:02}")
        part.upload_from_string(RANDOM[i * 1000 : (i + 1) * 1000])
        parts.append(part)
    whole = BUCKET.blob("composed")
    whole.content_type = "application/octet-stream"
    whole.compose(parts, if_generation_match=0)
    whole.reload()
    equal((whole.size, whole.crc32c, whole.component_count), (32_000, crc32c(RANDOM[:32_000]), 32))
    equal(whole.md5_hash, None)
    assert whole.download_as_bytes() == RANDOM[:32_000]
    with raises(exceptions.PreconditionFailed):
        whole.compose(parts, if_generation_match=0)
    with raises(exceptions.NotFound):
        whole.compose([parts[0], BUCKET.blob("compose/none")])
    with raises(exceptions.BadRequest):
        whole.compose(parts + [whole])


@check
def copies():
    source = BUCKET.blob("copy/source")
    source.metadata = {"kept": "yes"}
    source.upload_from_string(RANDOM[:5000], content_type="image/png")
    other = CLIENT.create_bucket("other-of-python", location="EU")
    copy = BUCKET.copy_blob(source, other, "copy/target")
    copy.reload()
    equal((copy.content_type, copy.metadata, copy.crc32c), ("image/png", {"kept": "yes"}, crc32c(RANDOM[:5000])))
    target = other.blob("rewritten")
    token, done, total = target.rewrite(source)
    while token is not None:
        token, done, total = target.rewrite(source, token=token)
    equal((done, total), (5000, 5000))
    assert target.download_as_bytes() == RANDOM[:5000]
    renamed = BUCKET.rename_blob(source, "copy/renamed")
    assert renamed.exists() and not source.exists()
    with raises(exceptions.NotFound):
        BUCKET.copy_blob(source, other, "never")
    other.delete_blobs(list(other.list_blobs()))
    other.delete()


@check
def gzip_is_transcoded():
    import gzip

    blob = BUCKET.blob("zipped")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"plain " * 1000), content_type="text/plain")
    equal(blob.download_as_bytes(raw_download=True)[:2], b"\x1f\x8b")
    equal(blob.download_as_bytes(), b"plain " * 1000)


@check
def a_batch_of_deletes():
    for i in range(5):
        BUCKET.blob(f"batch/{i}").upload_from_string(b"x")
    with CLIENT.batch():
        for i in range(5):
            BUCKET.blob(f"batch/{i}").delete()
    equal(names(prefix="batch/"), [])


main()
