/** S3 over HTTP and for siblings in the process. Path-style addresses arrive here; the front has rewritten virtual hosts. */
import { decodePercent } from '../http/sigv4.ts';
import { childrenNamed, childText, parseXml, xmlDocument } from '../http/xml.ts';
import { type CloudContext, type Service, ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import { type Buckets, createBuckets } from './buckets.ts';
import { siblingCall } from './calls.ts';
import { checkRead, parseRange } from './conditions.ts';
import { accessesOf, accessOf, createGrants, type Grants, type S3Grant } from './grants.ts';
import { listBucketXml, listPartsXml, listUploadsXml, listVersionsXml, S3_NAMESPACE } from './listing.ts';
import { completeUpload, copyPart, createUpload, findUpload, uploadPart } from './multipart.ts';
import {
  type Actor,
  type CopySource,
  copyObject,
  deleteObject,
  findCopySource,
  findVersion,
  type PutBody,
  putObject,
} from './objects.ts';
import { checksumFields, checksumHeaders, headersOf, quoted } from './record.ts';
import { handleSetting, subresourceOf } from './settings.ts';

export interface S3Service extends Service {
  /** What a plan sets beyond the S3 API. */
  configureBucket(name: string, settings: { events?: boolean; noncurrentRetentionSeconds?: number }): Promise<void>;
  /** Limits what a function or job may do; the present list is replaced. */
  setGrants(principal: string, grants: readonly S3Grant[]): void;
  /** Resolves when no event of any bucket waits for the bus. */
  drained(): Promise<void>;
}

const EXPIRE_EVERY_MS = 5 * 60_000;
const MOST_DELETES = 1000;

export function createS3(context: CloudContext): S3Service {
  const buckets = createBuckets(context);
  const grants = createGrants();
  let expiry: NodeJS.Timeout | undefined;

  const expire = async () => {
    for (const bucket of buckets.all())
      await bucket.store.expire(context.clock.now() - bucket.settings.noncurrentRetentionSeconds * 1000);
  };
  const complain = (error: unknown) => context.log('error', 'S3 housekeeping failed', { error: String(error) });

  return {
    signingNames: ['s3'],
    handle: (request) => route(context, buckets, grants, request),
    setGrants: grants.set,
    call: async (action, args, principal) => {
      if (principal !== undefined) for (const access of accessesOf(action, args)) grants.check(principal, access);
      return siblingCall(context, buckets, action, args);
    },
    async configureBucket(name, { events, noncurrentRetentionSeconds }) {
      await buckets.changeSettings(name, {
        ...(events === undefined ? {} : { events }),
        ...(noncurrentRetentionSeconds === undefined ? {} : { noncurrentRetentionSeconds }),
      });
    },
    async drained() {
      while (buckets.all().some((bucket) => bucket.store.pendingEvents.size > 0))
        await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async start() {
      await buckets.open();
      for (const bucket of buckets.all()) {
        void buckets.deliver(bucket);
        void bucket.store.sweep().catch(complain);
      }
      expiry = setInterval(() => void expire().catch(complain), EXPIRE_EVERY_MS);
      expiry.unref();
    },
    async stop() {
      clearInterval(expiry);
      await buckets.close();
    },
  };
}

const xml = (body: string, headers: Record<string, string> = {}): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body,
});
const actorOf = (request: ServiceRequest): Actor => ({ requestId: request.requestId, sourceIp: request.sourceIp ?? '127.0.0.1' });
const bodyOf = (request: ServiceRequest): PutBody => ({
  body: request.body,
  ...(request.bodyPath === undefined ? {} : { bodyPath: request.bodyPath }),
  bytes: request.bodyBytes ?? request.body.length,
  digests: request.digests ?? {},
});
const methodNotAllowed = (method: string) =>
  new ServiceError('MethodNotAllowed', `The specified method is not allowed against this resource: ${method}`, 405);
const notImplemented = (what: string) => new ServiceError('NotImplemented', `The local S3 does not implement ${what}.`, 501);

async function route(context: CloudContext, buckets: Buckets, grants: Grants, request: ServiceRequest): Promise<ServiceResponse> {
  const path = request.path.slice(1);
  const cut = path.indexOf('/');
  const bucketName = decodePercent(cut < 0 ? path : path.slice(0, cut));
  const key = cut < 0 ? '' : decodePercent(path.slice(cut + 1));
  const manyDeletes = key === '' && request.method === 'POST' && request.query.has('delete');
  if (!manyDeletes) grants.check(request.principal, accessOf(request, bucketName, key));
  if (bucketName === '') {
    if (request.method !== 'GET') throw methodNotAllowed(request.method);
    const Bucket = buckets
      .all()
      .map(({ store, settings }) => ({ Name: store.name, CreationDate: new Date(settings.createdMs).toISOString() }));
    return xml(
      xmlDocument('ListAllMyBucketsResult', { Owner: { ID: 'local', DisplayName: 'local' }, Buckets: { Bucket } }, S3_NAMESPACE),
    );
  }
  return key === ''
    ? routeBucket(context, buckets, grants, bucketName, request)
    : routeObject(context, buckets, grants, bucketName, key, request);
}

async function routeBucket(
  context: CloudContext,
  buckets: Buckets,
  grants: Grants,
  name: string,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  const { method, query } = request;
  const setting = subresourceOf(query);
  if (setting !== undefined) return handleSetting(buckets, buckets.get(name), setting, request);
  if (method === 'PUT') {
    await buckets.create(name);
    return { status: 200, headers: { location: `/${name}` } };
  }
  const bucket = buckets.get(name);
  if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': context.region } };
  if (method === 'DELETE') {
    await buckets.remove(name);
    return { status: 204 };
  }
  if (method === 'POST' && query.has('delete')) return deleteMany(context, buckets, grants, name, request);
  if (method !== 'GET') throw methodNotAllowed(method);
  if (query.has('location')) {
    const region = context.region === 'us-east-1' ? '' : context.region;
    return xml(
      `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="${S3_NAMESPACE}">${region}</LocationConstraint>`,
    );
  }
  if (query.has('versions')) return xml(listVersionsXml(bucket, query));
  if (query.has('uploads')) return xml(listUploadsXml(bucket, query));
  const known = new Set([
    'list-type',
    'prefix',
    'delimiter',
    'max-keys',
    'marker',
    'start-after',
    'continuation-token',
    'encoding-type',
    'fetch-owner',
    'x-id',
  ]);
  const unknown = [...query.keys()].find((parameter) => !known.has(parameter) && !parameter.startsWith('X-Amz-'));
  if (unknown !== undefined) throw notImplemented(`GET of a bucket with the parameter ${unknown}`);
  return xml(listBucketXml(bucket, query));
}

async function routeObject(
  context: CloudContext,
  buckets: Buckets,
  grants: Grants,
  bucketName: string,
  key: string,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  const { method, query, headers } = request;
  const uploadId = query.get('uploadId');
  for (const feature of ['tagging', 'acl', 'attributes', 'legal-hold', 'retention', 'torrent', 'restore', 'select']) {
    if (query.has(feature)) throw notImplemented(`objects with ?${feature}`);
  }
  if (method === 'GET' || method === 'HEAD') {
    if (uploadId !== null) {
      const bucket = buckets.get(bucketName);
      return xml(listPartsXml(bucket, findUpload(bucket, key, uploadId), query));
    }
    return getObject(buckets, bucketName, key, request);
  }
  if (method === 'PUT') {
    const copies = headers['x-amz-copy-source'] !== undefined;
    if (uploadId !== null) {
      const bucket = buckets.get(bucketName);
      if (copies) {
        const part = await copyPart(
          context,
          bucket,
          key,
          uploadId,
          query.get('partNumber'),
          readableSource(buckets, grants, request),
          headers,
        );
        return xml(
          xmlDocument(
            'CopyPartResult',
            { LastModified: new Date(part.lastModifiedMs).toISOString(), ETag: quoted(part.etag) },
            S3_NAMESPACE,
          ),
        );
      }
      const part = await uploadPart(context, bucket, key, uploadId, query.get('partNumber'), bodyOf(request), headers);
      return {
        status: 200,
        headers: { etag: quoted(part.etag), ...checksumHeaders({ checksums: part.checksums, checksumType: 'FULL_OBJECT' }) },
      };
    }
    if (copies) {
      const source = readableSource(buckets, grants, request);
      const record = await copyObject(context, buckets, bucketName, key, source, headers, actorOf(request));
      const fields = {
        LastModified: new Date(record.lastModifiedMs).toISOString(),
        ETag: quoted(record.etag),
        ...checksumFields(record),
      };
      return xml(xmlDocument('CopyObjectResult', fields, S3_NAMESPACE), {
        'x-amz-version-id': record.versionId,
        'x-amz-copy-source-version-id': source.record.versionId,
      });
    }
    const record = await putObject(context, buckets, bucketName, key, bodyOf(request), headers, actorOf(request));
    const kept = headersOf(record, true);
    const answer: Record<string, string> = {
      etag: quoted(record.etag),
      'x-amz-version-id': record.versionId,
      ...checksumHeaders(record),
    };
    for (const [name, value] of Object.entries(kept)) if (name.startsWith('x-amz-server-side-encryption')) answer[name] = value;
    return { status: 200, headers: answer };
  }
  if (method === 'POST' && query.has('uploads')) {
    const upload = await createUpload(context, buckets.get(bucketName), key, headers);
    const answer: Record<string, string> = {
      'x-amz-server-side-encryption': upload.headers['x-amz-server-side-encryption'] ?? 'AES256',
    };
    if (upload.checksumAlgorithm !== undefined) answer['x-amz-checksum-algorithm'] = upload.checksumAlgorithm.toUpperCase();
    if (upload.checksumType !== undefined) answer['x-amz-checksum-type'] = upload.checksumType;
    return xml(
      xmlDocument('InitiateMultipartUploadResult', { Bucket: bucketName, Key: key, UploadId: upload.uploadId }, S3_NAMESPACE),
      answer,
    );
  }
  if (method === 'POST' && uploadId !== null) {
    const bucket = buckets.get(bucketName);
    const record = await completeUpload(
      context,
      buckets,
      bucket,
      key,
      uploadId,
      request.body.toString('utf8'),
      headers,
      actorOf(request),
    );
    const fields = {
      Location: `${context.endpoint()}/${bucketName}/${key}`,
      Bucket: bucketName,
      Key: key,
      ETag: quoted(record.etag),
      ...checksumFields(record),
    };
    return xml(xmlDocument('CompleteMultipartUploadResult', fields, S3_NAMESPACE), { 'x-amz-version-id': record.versionId });
  }
  if (method === 'DELETE') {
    if (uploadId !== null) {
      const bucket = buckets.get(bucketName);
      findUpload(bucket, key, uploadId);
      await bucket.store.abortUpload(uploadId);
      return { status: 204 };
    }
    const done = await deleteObject(
      context,
      buckets,
      bucketName,
      key,
      query.get('versionId') ?? undefined,
      headers,
      actorOf(request),
    );
    const answer: Record<string, string> = {};
    if (done.versionId !== undefined) answer['x-amz-version-id'] = done.versionId;
    if (done.deleteMarker) answer['x-amz-delete-marker'] = 'true';
    return { status: 204, headers: answer };
  }
  throw methodNotAllowed(method);
}

function readableSource(buckets: Buckets, grants: Grants, request: ServiceRequest): CopySource {
  const source = findCopySource(buckets, request.headers);
  grants.check(request.principal, { to: 'read', bucket: source.bucket.store.name, key: source.record.key });
  return source;
}

const OVERRIDES = ['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition', 'content-encoding'];

function getObject(buckets: Buckets, bucketName: string, key: string, request: ServiceRequest): ServiceResponse {
  const bucket = buckets.get(bucketName);
  const { query, headers } = request;
  const record = findVersion(bucket, key, query.get('versionId') ?? undefined);
  checkRead(headers, record);
  const partNumber = query.get('partNumber');
  let range = parseRange(headers['range'], record.size);
  if (partNumber !== null) {
    const index = Number(partNumber) - 1;
    const segments = record.parts === undefined ? 1 : record.segments.length;
    if (!Number.isInteger(index) || index < 0 || index >= segments)
      throw new ServiceError('InvalidPartNumber', 'The requested partnumber is not satisfiable', 416);
    const start = record.segments.slice(0, index).reduce((sum, s) => sum + s.bytes, 0);
    range = record.size === 0 ? undefined : [start, start + record.segments[index]!.bytes];
  }
  const answer = headersOf(record, range === undefined && headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED');
  for (const name of OVERRIDES) {
    const value = query.get(`response-${name}`);
    if (value !== null) answer[name] = value;
  }
  if (record.parts !== undefined && partNumber !== null) answer['x-amz-mp-parts-count'] = String(record.parts);
  if (range === undefined) {
    return request.method === 'HEAD' || record.size === 0
      ? { status: 200, headers: answer, body: '' }
      : { status: 200, headers: answer, body: bucket.store.read(record.segments, 0, record.size) };
  }
  answer['content-length'] = String(range[1] - range[0]);
  answer['content-range'] = `bytes ${range[0]}-${range[1] - 1}/${record.size}`;
  return {
    status: 206,
    headers: answer,
    ...(request.method === 'HEAD' ? {} : { body: bucket.store.read(record.segments, range[0], range[1]) }),
  };
}

async function deleteMany(
  context: CloudContext,
  buckets: Buckets,
  grants: Grants,
  bucketName: string,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  let wanted: { Key: string; VersionId?: string; ETag?: string }[];
  let quiet: boolean;
  try {
    const root = parseXml(request.body.toString('utf8'));
    quiet = childText(root, 'Quiet') === 'true';
    wanted = childrenNamed(root, 'Object').map((element) => {
      const Key = childText(element, 'Key');
      if (Key === undefined) throw new Error('an Object has no Key');
      const VersionId = childText(element, 'VersionId');
      const ETag = childText(element, 'ETag');
      return { Key, ...(VersionId === undefined ? {} : { VersionId }), ...(ETag === undefined ? {} : { ETag }) };
    });
    if (wanted.length === 0 || wanted.length > MOST_DELETES)
      throw new Error(`wanted 1 to ${MOST_DELETES} objects, found ${wanted.length}`);
  } catch (error) {
    throw new ServiceError(
      'MalformedXML',
      `The XML you provided was not well-formed or did not validate against our published schema: ${String(error)}`,
      400,
    );
  }
  const Deleted: Record<string, string | boolean>[] = [];
  const Errors: Record<string, string>[] = [];
  await Promise.all(
    wanted.map(async ({ Key, VersionId, ETag }) => {
      try {
        grants.check(request.principal, { to: 'delete', bucket: bucketName, key: Key });
        const done = await deleteObject(
          context,
          buckets,
          bucketName,
          Key,
          VersionId,
          ETag === undefined ? {} : { 'if-match': ETag },
          actorOf(request),
        );
        Deleted.push({
          Key,
          ...(VersionId === undefined ? {} : { VersionId }),
          ...(done.deleteMarker && done.versionId !== undefined
            ? { DeleteMarker: true, DeleteMarkerVersionId: done.versionId }
            : {}),
        });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        Errors.push({ Key, ...(VersionId === undefined ? {} : { VersionId }), Code: error.code, Message: error.message });
      }
    }),
  );
  return xml(xmlDocument('DeleteResult', { ...(quiet ? {} : { Deleted }), Error: Errors }, S3_NAMESPACE));
}
