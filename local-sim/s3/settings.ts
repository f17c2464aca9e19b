/** The settings of a bucket: kept as the XML they came in, with S3's defaults where none were given; what we could not honour is refused. */
import { child, childText, parseXml, xmlDocument } from '../http/xml.ts';
import { ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import type { Bucket, Buckets, Subresource } from './buckets.ts';
import { S3_NAMESPACE } from './listing.ts';

const SUBRESOURCES: readonly Subresource[] = [
  'versioning',
  'encryption',
  'notification',
  'lifecycle',
  'tagging',
  'cors',
  'policy',
  'publicAccessBlock',
  'ownershipControls',
];

const ABSENT: Partial<Record<Subresource, [string, string]>> = {
  lifecycle: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  tagging: ['NoSuchTagSet', 'The TagSet does not exist'],
  cors: ['NoSuchCORSConfiguration', 'The CORS configuration does not exist'],
  policy: ['NoSuchBucketPolicy', 'The bucket policy does not exist'],
  publicAccessBlock: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
  ownershipControls: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
};

export const subresourceOf = (query: URLSearchParams): Subresource | undefined => SUBRESOURCES.find((name) => query.has(name));

function present(bucket: Bucket, name: Subresource): string {
  const stored = bucket.settings.documents[name];
  if (stored !== undefined) return stored;
  if (name === 'versioning') return xmlDocument('VersioningConfiguration', { Status: 'Enabled' }, S3_NAMESPACE);
  if (name === 'notification') {
    return xmlDocument('NotificationConfiguration', bucket.settings.events ? { EventBridgeConfiguration: '' } : {}, S3_NAMESPACE);
  }
  if (name === 'encryption') {
    const rule = { Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false } };
    return xmlDocument('ServerSideEncryptionConfiguration', rule, S3_NAMESPACE);
  }
  const [code, message] = ABSENT[name]!;
  throw new ServiceError(code, message, 404, { BucketName: bucket.store.name });
}

export async function handleSetting(
  buckets: Buckets,
  bucket: Bucket,
  name: Subresource,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  if (request.method === 'GET') {
    const type = name === 'policy' ? 'application/json' : 'application/xml';
    return { status: 200, headers: { 'content-type': type }, body: present(bucket, name) };
  }
  const documents = { ...bucket.settings.documents };
  if (request.method === 'DELETE') {
    delete documents[name];
    await buckets.changeSettings(bucket.store.name, { documents });
    return { status: 204 };
  }
  if (request.method !== 'PUT')
    throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
  const text = request.body.toString('utf8');
  const change: { events?: boolean } = {};
  if (name !== 'policy') {
    let root: ReturnType<typeof parseXml>;
    try {
      root = parseXml(text);
    } catch (error) {
      throw new ServiceError('MalformedXML', `The XML you provided was not well-formed: ${String(error)}`, 400);
    }
    if (name === 'versioning' && childText(root, 'Status') !== 'Enabled') {
      throw new ServiceError(
        'NotImplemented',
        'Buckets of the local cloud always keep versions; suspending them is not implemented.',
        501,
      );
    }
    if (name === 'notification') {
      const other = root.children.find((element) => element.name !== 'EventBridgeConfiguration');
      if (other)
        throw new ServiceError(
          'NotImplemented',
          `Only EventBridgeConfiguration is implemented for notifications, found ${other.name}.`,
          501,
        );
      change.events = child(root, 'EventBridgeConfiguration') !== undefined;
    }
  }
  documents[name] = text;
  await buckets.changeSettings(bucket.store.name, { documents, ...change });
  return { status: name === 'policy' || name === 'tagging' ? 204 : 200 };
}
