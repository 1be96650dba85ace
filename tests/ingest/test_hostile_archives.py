"""Archives that climb, lie, repeat or hide: refused before anything in them is read."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from raw_workbooks import packed

from iesi_kg.errors import FileTooLarge, UnreadableFile
from iesi_kg.ingest.archive import pack, unpack
from iesi_kg.records import SourceFile

TABLE = b"name,country\nA,FR\n"


def names(content: bytes) -> list[str]:
    return [file.name for file in unpack(SourceFile("f.zip", content))]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b.csv", "C:\\data\\a.csv", "..\\a.csv"])
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"f\.zip holds a file whose name leads out of the archive"):
        names(packed({"a.csv": TABLE, name: TABLE}))


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = packed([("a.csv", TABLE), ("a.csv", TABLE)])
    with pytest.raises(UnreadableFile, match="holds two files of the same name"):
        names(content)


def test_a_link_is_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnreadableFile, match=r"holds a link in place of a file: a\.csv"):
        names(stream.getvalue())


def test_a_locked_file_is_refused() -> None:
    content = bytearray(packed({"a.csv": TABLE}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFile, match=r"is locked by a password \(a\.csv\)"):
        names(bytes(content))


def test_a_rare_method_of_packing_is_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", TABLE)
    with pytest.raises(UnreadableFile, match=r"packed by a method that is not read here \(a\.csv\)"):
        names(stream.getvalue())


def test_more_files_than_anybody_sends_are_refused() -> None:
    with pytest.raises(FileTooLarge, match="holds 1,001 files; the limit is 1,000"):
        names(packed({f"{number}.csv": b"" for number in range(1001)}))


def test_a_ratio_over_a_hundred_is_refused() -> None:
    with pytest.raises(
        FileTooLarge, match=r"a\.csv in f\.zip unpacks to 1,0\d\d times its size; the limit is 100 times"
    ):
        names(packed({"a.csv": b"a" * 2_000_000}))


def test_a_small_file_that_packs_well_is_no_bomb() -> None:
    assert names(packed({"a.csv": b"a" * 1_000_000})) == ["a.csv"]


def test_an_archive_without_files_is_told_as_such() -> None:
    for content in (packed({}), packed({"folder/": b"", "__MACOSX/._a.csv": b"x", "sub/.DS_Store": b"x"})):
        with pytest.raises(UnreadableFile, match="an archive without a file in it"):
            names(content)


def test_what_operating_systems_add_is_no_file_of_the_sender() -> None:
    assert names(packed({"d/b.csv": TABLE, "a.csv": TABLE, "d/~$b.xlsx": b"x", "Thumbs.db": b"x"})) == [
        "a.csv",
        "d/b.csv",
    ]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_an_archive_cut_short_is_told_as_such(share: float) -> None:
    content = packed({"a.csv": TABLE * 50, "b.csv": TABLE * 60})
    with pytest.raises(UnreadableFile, match=r"f\.zip is a damaged archive: it was cut short"):
        names(content[: int(len(content) * share)])


def test_a_changed_byte_is_found_by_its_checksum() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", TABLE)
    with pytest.raises(UnreadableFile, match="is a damaged archive"):
        names(stream.getvalue().replace(b"A,FR", b"A,GR"))


def test_the_same_files_make_the_same_archive_in_any_order() -> None:
    first, second = SourceFile("a.csv", TABLE), SourceFile("b.csv", b"name\nB\n")
    assert pack([first, second]) == pack([second, first])
    assert unpack(pack([second, first])) == [first, second]
    assert pack([first, second]).name == "a.csv, b.csv"
