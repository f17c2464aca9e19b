"""Files in a folder or under an S3 prefix, seen the same way. boto3 is imported only when an s3:// address is met; it honours
AWS_ENDPOINT_URL."""

import os
import tempfile
from pathlib import Path

from .refusal import Failure


def is_s3(uri: str) -> bool:
    return uri.startswith("s3://")


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri[len("s3://") :].partition("/")
    return bucket, key


_client = None


def _s3():
    global _client
    if _client is None:
        import boto3
        from botocore.config import Config

        config = Config(retries={"max_attempts": 6, "mode": "standard"}, connect_timeout=10, read_timeout=60)
        if os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3"):
            # A local endpoint has no host name per bucket.
            config = config.merge(Config(s3={"addressing_style": "path"}))
        _client = boto3.client(
            "s3", config=config, region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        )
    return _client


def join_uri(base: str, *parts: str) -> str:
    if is_s3(base):
        return "/".join([base.rstrip("/"), *parts])
    return str(Path(base, *parts))


def resolve(uri: str, relative_to: str) -> str:
    """An address inside a job document: s3://, absolute, or relative to the document's own place."""
    if is_s3(uri) or os.path.isabs(uri):
        return uri
    if is_s3(relative_to):
        return relative_to.rsplit("/", 1)[0] + "/" + uri
    return str(Path(relative_to).resolve().parent / uri)


def read_bytes(uri: str) -> bytes:
    """The whole object. Failure IO when it cannot be read."""
    try:
        if is_s3(uri):
            bucket, key = _split(uri)
            return _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
        return Path(uri).read_bytes()
    except Exception as error:  # botocore's error classes are made at run time
        raise Failure("IO", f"wanted to read {uri}, found {type(error).__name__}: {error}") from error


def write_atomic(path: Path, data: bytes) -> None:
    """All or nothing, and on disk before it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_bytes(uri: str, data: bytes) -> None:
    try:
        if is_s3(uri):
            bucket, key = _split(uri)
            _s3().put_object(Bucket=bucket, Key=key, Body=data)
        else:
            write_atomic(Path(uri), data)
    except Exception as error:
        raise Failure("IO", f"wanted to write {uri}, found {type(error).__name__}: {error}") from error


def exists(uri: str) -> bool:
    if not is_s3(uri):
        return Path(uri).exists()
    bucket, key = _split(uri)
    found = _s3().list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return any(entry["Key"] == key for entry in found)


def pull(prefix_uri: str, folder: Path) -> None:
    """Copies every object under an S3 prefix into a folder."""
    bucket, prefix = _split(prefix_uri.rstrip("/") + "/")
    try:
        for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                name = entry["Key"][len(prefix) :]
                if name and not name.endswith("/"):
                    write_atomic(folder / name, read_bytes(f"s3://{bucket}/{entry['Key']}"))
    except Failure:
        raise
    except Exception as error:
        raise Failure("IO", f"wanted to list {prefix_uri}, found {type(error).__name__}: {error}") from error
