"""boto3 against the local cloud, with nothing set but AWS_ENDPOINT_URL, keys and region.

Prints one JSON line for each check: {"check": name, "ok": bool, "error": text}. Exit code 0 when all hold.
"""

import base64
import datetime
import hashlib
import io
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

CHECKS = []
BUCKET = "from-python"
MEBIBYTE = 2**20


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"wanted {wanted!r}, found {found!r}")


def expect_error(code, call):
    try:
        call()
    except ClientError as error:
        expect_equal(error.response["Error"]["Code"], code)
        return error
    raise AssertionError(f"wanted {code}, found no error")


def s3(**options):
    return boto3.client("s3", config=Config(**options))


@check
def identity_is_told():
    expect_equal(boto3.client("sts").get_caller_identity()["Account"], "000000000000")


@check
def objects_come_back():
    client = s3()
    client.create_bucket(Bucket=BUCKET)
    body = os.urandom(100_000)
    made = client.put_object(Bucket=BUCKET, Key="a b/ü+.bin", Body=body, Metadata={"run": "r1"}, ContentType="x/y")
    expect_equal(made["ETag"].strip('"'), hashlib.md5(body).hexdigest())
    got = client.get_object(Bucket=BUCKET, Key="a b/ü+.bin")
    expect_equal(got["Body"].read(), body)
    expect_equal((got["Metadata"], got["ContentType"], got["VersionId"]), ({"run": "r1"}, "x/y", made["VersionId"]))
    expect_equal(client.get_object(Bucket=BUCKET, Key="a b/ü+.bin", Range="bytes=1-3")["Body"].read(), body[1:4])
    expect_error("NoSuchKey", lambda: client.get_object(Bucket=BUCKET, Key="absent"))
    expect_error("404", lambda: client.head_object(Bucket=BUCKET, Key="absent"))
    expect_error("NoSuchBucket", lambda: client.list_objects_v2(Bucket="no-such-bucket"))


@check
def checksums_of_all_kinds_hold():
    client = s3()
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        made = client.put_object(Bucket=BUCKET, Key=f"sum/{algorithm}", Body=b"check me", ChecksumAlgorithm=algorithm)
        head = client.head_object(Bucket=BUCKET, Key=f"sum/{algorithm}", ChecksumMode="ENABLED")
        expect_equal(head[f"Checksum{algorithm}"], made[f"Checksum{algorithm}"])
    expect_error("BadDigest", lambda: client.put_object(Bucket=BUCKET, Key="sum/bad", Body=b"x", ChecksumCRC32="AAAAAA=="))
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    expect_error("BadDigest", lambda: client.put_object(Bucket=BUCKET, Key="sum/bad", Body=b"x", ContentMD5=md5))


@check
def files_go_up_and_down_in_parts():
    client = s3()
    body = os.urandom(11 * MEBIBYTE + 3)
    transfer = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE, max_concurrency=3)
    client.upload_fileobj(io.BytesIO(body), BUCKET, "parts.bin", Config=transfer)
    target = io.BytesIO()
    client.download_fileobj(BUCKET, "parts.bin", target, Config=transfer)
    expect_equal(hashlib.sha256(target.getvalue()).hexdigest(), hashlib.sha256(body).hexdigest())
    expect(client.head_object(Bucket=BUCKET, Key="parts.bin")["ETag"].endswith('-3"'), "the tag of a multipart object counts its parts")


@check
def old_signatures_and_chunked_uploads_are_read():
    """payload_signing_enabled makes botocore hash the body; a file-like body makes it send a trailing checksum."""
    signed = s3(s3={"payload_signing_enabled": True})
    signed.put_object(Bucket=BUCKET, Key="signed", Body=b"hashed first")
    expect_equal(signed.get_object(Bucket=BUCKET, Key="signed")["Body"].read(), b"hashed first")
    body = os.urandom(300_000)
    s3().put_object(Bucket=BUCKET, Key="file", Body=io.BytesIO(body))
    expect_equal(s3().get_object(Bucket=BUCKET, Key="file")["Body"].read(), body)


@check
def conditional_writes_let_one_win():
    results = []

    def create(number):
        try:
            s3(retries={"max_attempts": 1}).put_object(Bucket=BUCKET, Key="once", Body=str(number), IfNoneMatch="*")
            results.append("won")
        except ClientError as error:
            results.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_equal(sorted(results), ["PreconditionFailed"] * 7 + ["won"])
    client = s3()
    tag = client.head_object(Bucket=BUCKET, Key="once")["ETag"]
    client.put_object(Bucket=BUCKET, Key="once", Body="next", IfMatch=tag)
    expect_error("PreconditionFailed", lambda: client.put_object(Bucket=BUCKET, Key="once", Body="lost", IfMatch=tag))


@check
def listings_are_paged():
    client = s3()
    for number in range(25):
        client.put_object(Bucket=BUCKET, Key=f"list/{number:02d}/x", Body=b"")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 10})
    expect_equal([len(page["Contents"]) for page in pages], [10, 10, 5])
    folded = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 7})
    expect_equal([p["Prefix"] for page in folded for p in page["CommonPrefixes"]], [f"list/{n:02d}/" for n in range(25)])
    client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"list/{n:02d}/x"} for n in range(25)]})
    expect_equal(client.list_objects_v2(Bucket=BUCKET, Prefix="list/")["KeyCount"], 0)


@check
def presigned_urls_hold_and_forgeries_do_not():
    """Without a signature version boto3 presigns with Signature Version 2."""
    for client in (s3(signature_version="s3v4"), s3()):
        client.put_object(Bucket=BUCKET, Key="presigned", Body=b"for you")
        url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "presigned"}, ExpiresIn=60)
        expect_equal(urllib.request.urlopen(url).read(), b"for you")
        named = {"Bucket": BUCKET, "Key": "presigned", "ResponseContentType": "chemical/x-mdl sdfile"}
        response = urllib.request.urlopen(client.generate_presigned_url("get_object", Params=named))
        expect_equal(response.headers["Content-Type"], "chemical/x-mdl sdfile")
        put = client.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "up loäded", "Metadata": {"run": "r1"}})
        headers = {"x-amz-meta-run": "r1"} if "x-amz-meta-run" in put else {}
        request = urllib.request.Request(put, data=b"by url", method="PUT", headers={"Content-Type": "", **headers})
        expect_equal(urllib.request.urlopen(request).status, 200)
        got = client.get_object(Bucket=BUCKET, Key="up loäded")
        expect_equal((got["Body"].read(), got["Metadata"]), (b"by url", {"run": "r1"}))
        late = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "presigned"}, ExpiresIn=-1)
        for forged in (url.replace("presigned?", "uploaded?"), url.replace("Expires=", "Expires=1"), late):
            try:
                urllib.request.urlopen(forged)
            except urllib.error.HTTPError as error:
                expect(error.code in (400, 403), f"{forged} was refused with {error.code}")
            else:
                raise AssertionError(f"a forged URL was accepted: {forged}")


@check
def wrong_secrets_are_refused():
    wrong = boto3.client("s3", aws_secret_access_key="wrong", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"])
    expect_error("SignatureDoesNotMatch", lambda: wrong.list_buckets())
    unknown = boto3.client("lambda", aws_secret_access_key="wrong", aws_access_key_id="AKIAUNKNOWN")
    expect_error("UnrecognizedClientException", lambda: unknown.list_functions())


def archive(code):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("index.mjs", code)
    return packed.getvalue()


@check
def functions_are_made_and_invoked():
    client = boto3.client("lambda")
    code = "export const handler = async (e) => { if (e.fail) { const x = new TypeError('no'); throw x; } return { twice: e.n * 2 }; };"
    client.create_function(
        FunctionName="FromPython", Runtime="nodejs24.x", Role="arn:aws:iam::000000000000:role/r", Handler="index.handler", Code={"ZipFile": archive(code)}, Timeout=5
    )
    client.get_waiter("function_active_v2").wait(FunctionName="FromPython")
    out = client.invoke(FunctionName="FromPython", Payload=json.dumps({"n": 21}))
    expect_equal(json.loads(out["Payload"].read()), {"twice": 42})
    failed = client.invoke(FunctionName="FromPython", Payload=json.dumps({"fail": True}))
    expect_equal(failed["FunctionError"], "Unhandled")
    expect_equal(json.loads(failed["Payload"].read())["errorType"], "TypeError")
    expect_error("ResourceNotFoundException", lambda: client.invoke(FunctionName="Absent", Payload="{}"))
    client.delete_function(FunctionName="FromPython")


@check
def events_reach_their_target():
    functions = boto3.client("lambda")
    code = "export const handler = async (e) => { console.log('GOT ' + JSON.stringify(e.detail)); };"
    made = functions.create_function(
        FunctionName="Listens", Runtime="nodejs24.x", Role="arn:aws:iam::000000000000:role/r", Handler="index.handler", Code={"ZipFile": archive(code)}
    )
    events = boto3.client("events")
    events.put_rule(Name="python", EventPattern=json.dumps({"source": [{"prefix": "py."}], "detail": {"n": [{"numeric": [">=", 2]}]}}))
    events.put_targets(Rule="python", Targets=[{"Id": "1", "Arn": made["FunctionArn"]}])
    put = events.put_events(Entries=[{"Source": "py.x", "DetailType": "t", "Detail": json.dumps({"n": n})} for n in (1, 2)])
    expect_equal(put["FailedEntryCount"], 0)
    logs = boto3.client("logs")
    deadline = time.time() + 10
    while time.time() < deadline:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/Listens", filterPattern="GOT")["events"]
        except ClientError:
            found = []
        if found:
            break
        time.sleep(0.05)
    expect_equal([event["message"] for event in found], ['GOT {"n":2}'])
    expect_equal(events.describe_rule(Name="python")["State"], "ENABLED")
    expect_error("ResourceNotFoundException", lambda: events.describe_rule(Name="absent"))


@check
def metrics_come_back():
    client = boto3.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    data = [{"MetricName": "Loss", "Value": value, "Timestamp": now, "Dimensions": [{"Name": "state", "Value": "x"}]} for value in (1.5, 2.5)]
    client.put_metric_data(Namespace="Py", MetricData=data)
    client.put_metric_data(Namespace="Py", MetricData=[{"MetricName": "Many", "Value": float(n)} for n in range(500)])
    window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}
    metric = {"Namespace": "Py", "MetricName": "Loss", "Dimensions": [{"Name": "state", "Value": "x"}]}
    out = client.get_metric_data(MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}], **window)
    expect_equal((out["MetricDataResults"][0]["Values"], out["MetricDataResults"][0]["Timestamps"]), ([2.0], [now]))
    points = client.get_metric_statistics(**metric, **window, Period=60, Statistics=["Sum"])["Datapoints"]
    expect_equal([(point["Sum"], point["Timestamp"]) for point in points], [(4.0, now)])
    listed = client.list_metrics(Namespace="Py")["Metrics"]
    expect_equal(sorted(m["MetricName"] for m in listed), ["Loss", "Many"])
    expect_error("InvalidParameterValue", lambda: client.get_metric_statistics(**metric, **window, Period=61, Statistics=["Sum"]))


def main():
    failed = 0
    print(json.dumps({"boto3": boto3.__version__, "botocore": botocore.__version__}), flush=True)
    for function in CHECKS:
        result = {"check": function.__name__.replace("_", " "), "ok": True}
        try:
            function()
        except Exception as error:  # every check is to be reported, whatever it met
            failed += 1
            result = {**result, "ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
