"""Really encrypted parquet files, for tests that they are refused."""

import base64
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


class _Keys(pe.KmsClient):  # type: ignore[misc]
    """Keys that are no secret."""

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64decode(key)


def write_encrypted(table: pa.Table, path: Path, *, plain_footer: bool) -> Path:
    """Write a table whose first column is encrypted, and the footer too unless it is plain."""
    factory = pe.CryptoFactory(lambda _: _Keys())
    how = pe.EncryptionConfiguration(
        footer_key="footer",
        column_keys={"column": table.column_names[:1]},
        plaintext_footer=plain_footer,
    )
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), how)
    pq.write_table(table, path, encryption_properties=properties)
    return path
