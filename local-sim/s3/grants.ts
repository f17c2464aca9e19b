/**
 * Who may do what with which keys. The cloud derives IAM policies from the same grants, so a function that reads where it was not
 * allowed to fails here as it would there. A principal without a list (the user, functions made through the API) may do anything.
 */
import { ServiceError, type ServiceRequest } from '../service.ts';

export interface S3Grant {
  to: 'read' | 'write' | 'delete' | 'list';
  bucket: string;
  prefix: string;
}

export interface Access {
  to: S3Grant['to'] | 'administer';
  bucket: string;
  /** A key, or for listings the prefix that is listed. */
  key: string;
}

export interface Grants {
  set(principal: string, grants: readonly S3Grant[]): void;
  /** Throws AccessDenied. */
  check(principal: string | undefined, access: Access): void;
}

export function createGrants(): Grants {
  const lists = new Map<string, readonly S3Grant[]>();
  return {
    set: (principal, grants) => void lists.set(principal, grants),
    check(principal, access) {
      const list = principal === undefined ? undefined : lists.get(principal);
      if (list === undefined) return;
      // Who may read below a prefix may list there too: otherwise absence could not be told from denial.
      const covers = (grant: S3Grant) => grant.to === access.to || (grant.to === 'read' && access.to === 'list');
      const allowed = list.some(
        (grant) => covers(grant) && grant.bucket === access.bucket && hasPrefix(access.key, grant.prefix),
      );
      if (allowed) return;
      const action = access.to === 'list' ? 's3:ListBucket' : access.to;
      throw new ServiceError(
        'AccessDenied',
        `User: ${principal} is not authorized to perform: ${action} on resource: arn:aws:s3:::${access.bucket}/${access.key} because no grant allows it`,
        403,
      );
    },
  };
}

/** As IAM reads a resource: a star in the prefix stands for any text. */
function hasPrefix(key: string, prefix: string): boolean {
  let at = 0;
  for (const [i, piece] of prefix.split('*').entries()) {
    const found = i === 0 ? (key.startsWith(piece) ? 0 : -1) : key.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}

/** What a request touches, apart from the source of a copy and the keys in the body of DeleteObjects. */
export function accessOf(request: ServiceRequest, bucket: string, key: string): Access {
  const { method, query } = request;
  if (key === '') {
    if (method === 'GET' && bucket !== '' && !query.has('uploads') && !query.has('versions'))
      return { to: 'list', bucket, key: query.get('prefix') ?? '' };
    // Anyone may ask whether the bucket is there; the keys to delete are in the body and are checked one by one.
    if (method === 'HEAD') return { to: 'list', bucket, key: query.get('prefix') ?? '' };
    return { to: 'administer', bucket, key };
  }
  if (method === 'GET' || method === 'HEAD') return { to: query.has('uploadId') ? 'write' : 'read', bucket, key };
  if (method === 'DELETE') return { to: query.has('uploadId') ? 'write' : 'delete', bucket, key };
  return { to: 'write', bucket, key };
}

const ACCESS_OF: Readonly<Record<string, Access['to']>> = {
  GetObject: 'read',
  HeadObject: 'read',
  PutObject: 'write',
  CopyObject: 'write',
  DeleteObject: 'delete',
  HeadBucket: 'list',
  ListObjectsV2: 'list',
};

/** What a call of a sibling in the process touches. */
export function accessesOf(action: string, args: Readonly<Record<string, unknown>>): Access[] {
  const bucket = String(args['Bucket'] ?? '');
  if (action === 'DeleteObjects') {
    const { Objects = [] } = (args['Delete'] ?? {}) as { Objects?: { Key: string }[] };
    return Objects.map(({ Key }) => ({ to: 'delete', bucket, key: Key }));
  }
  const to = ACCESS_OF[action] ?? 'administer';
  const own: Access = { to, bucket, key: String((to === 'list' ? args['Prefix'] : args['Key']) ?? '') };
  if (action !== 'CopyObject') return [own];
  const [from = '', ...key] = decodeURIComponent(String(args['CopySource'] ?? '').replace(/\?.*$/, ''))
    .replace(/^\//, '')
    .split('/');
  return [own, { to: 'read', bucket: from, key: key.join('/') }];
}
