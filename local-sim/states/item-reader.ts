/** Where a Distributed Map's items come from when it has an ItemReader: one object in S3, or a listing of objects. */
import { csvItems } from './csv.ts';
import type { ItemReader } from './definition.ts';
import { StatesError } from './errors.ts';
import type { MapItem } from './inline-map.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Visit } from './visit.ts';

/** Items that can be walked more than once. */
export interface ItemSource {
  readonly count: number;
  items(): Iterable<MapItem>;
  /** Of the object read: a restart that finds another one stops. */
  readonly etag?: string;
  /** The items themselves, where they cannot be read again. */
  readonly kept?: Json;
}

const failed = (cause: string) => new StatesError('States.ItemReaderFailed', cause);

export function sourceOf(items: readonly MapItem[], kept: Json): ItemSource {
  return { count: items.length, items: () => items, kept };
}

/** Items that a listing had recorded before a restart. */
export function listedItems(objects: Json, source: string): MapItem[] {
  return (objects as Json[]).map((value, index) => ({ index, value, source }));
}

/** @throws StatesError States.ItemReaderFailed */
export async function readItems(visit: Visit, reader: ItemReader, etag: string | undefined): Promise<ItemSource> {
  const args = await visit.evaluate(reader.arguments, 'ItemReader/Arguments');
  const bucket = isObject(args) ? args['Bucket'] : undefined;
  if (!isObject(args) || typeof bucket !== 'string')
    throw failed(`ItemReader/Arguments must have a Bucket, found ${JSON.stringify(args).slice(0, 200)}`);
  const maxItems = reader.maxItems
    ? await visit.number(reader.maxItems, 'ItemReader/ReaderConfig/MaxItems', { least: 1, most: 100_000_000 })
    : Number.POSITIVE_INFINITY;
  if (reader.source === 'listing') {
    const objects = await listObjects(visit, bucket, typeof args['Prefix'] === 'string' ? args['Prefix'] : '', maxItems);
    return sourceOf(listedItems(objects, `S3://${bucket}`), objects);
  }
  const key = args['Key'];
  if (typeof key !== 'string') throw failed(`ItemReader/Arguments must have a Key, found ${JSON.stringify(args).slice(0, 200)}`);
  const { text, etag: found } = await readObject(visit, args as JsonObject);
  if (etag !== undefined && found !== etag)
    throw failed(`the object ${bucket}/${key} changed while its items were being processed: ETag ${etag} became ${found}`);
  const values = valuesOf(text, reader, `${bucket}/${key}`);
  const source = `S3://${bucket}/${key}`;
  let count = 0;
  for (const _ of firstOf(values(), maxItems)) count++;
  return {
    count,
    etag: found,
    *items() {
      let index = 0;
      for (const item of firstOf(values(), maxItems)) yield { ...item, index: index++, source };
    },
  };
}

interface Value {
  readonly value: Json;
  readonly key?: string;
}

function* firstOf<T>(values: Iterable<T>, most: number): Generator<T> {
  let left = most;
  for (const value of values) {
    if (left-- <= 0) return;
    yield value;
  }
}

function valuesOf(text: string, reader: ItemReader, name: string): () => Iterable<Value> {
  switch (reader.inputType) {
    case 'CSV':
      return function* () {
        try {
          for (const value of csvItems(text, reader.csvDelimiter, reader.csvHeaders)) yield { value };
        } catch (error) {
          throw failed(`${name} cannot be read as CSV: ${(error as Error).message}`);
        }
      };
    case 'JSONL':
      return function* () {
        let number = 0;
        for (const line of text.split('\n')) {
          number++;
          if (line.trim() === '') continue;
          try {
            yield { value: JSON.parse(line) as Json };
          } catch (error) {
            throw failed(`${name} cannot be read as JSONL: line ${number}: ${(error as Error).message}`);
          }
        }
      };
    default: {
      let found: unknown;
      try {
        found = JSON.parse(text);
      } catch (error) {
        throw failed(`${name} cannot be read as JSON: ${(error as Error).message}`);
      }
      for (const step of (reader.itemsPointer ?? '').split('/').slice(1)) {
        const member = step.replaceAll('~1', '/').replaceAll('~0', '~');
        found = Array.isArray(found)
          ? found[Number(member)]
          : isObject(found) && Object.hasOwn(found, member)
            ? found[member]
            : undefined;
      }
      if (Array.isArray(found)) {
        const list = (found as Json[]).map((value) => ({ value }));
        return () => list;
      }
      if (isObject(found)) {
        const list = Object.entries(found).map(([key, value]) => ({ key, value: value as Json }));
        return () => list;
      }
      const where = reader.itemsPointer ? ` at ${reader.itemsPointer}` : '';
      throw failed(
        `${name} must hold an array or an object${where}, found ${found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 100)}`,
      );
    }
  }
}

async function readObject(visit: Visit, args: JsonObject): Promise<{ text: string; etag: string }> {
  try {
    const answer = await visit.execution.engine.call('s3', 'GetObject', args, visit.execution.facts.stateMachineArn);
    const bytes = await bodyBytes(answer['Body']);
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), etag: String(answer['ETag'] ?? '') };
  } catch (error) {
    throw failed(
      `${String(args['Bucket'])}/${String(args['Key'])} cannot be read: ${(error as Error).name}: ${(error as Error).message}`,
    );
  }
}

async function bodyBytes(body: unknown): Promise<Uint8Array> {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    const parts: Uint8Array[] = [];
    for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part);
    return Buffer.concat(parts);
  }
  throw new Error(`a body of bytes was expected, found ${typeof body}`);
}

async function listObjects(visit: Visit, bucket: string, prefix: string, maxItems: number): Promise<Json[]> {
  const listed: Json[] = [];
  let token: unknown;
  try {
    do {
      const answer = await visit.execution.engine.call(
        's3',
        'ListObjectsV2',
        { Bucket: bucket, Prefix: prefix, ...(token === undefined ? {} : { ContinuationToken: token }) },
        visit.execution.facts.stateMachineArn,
      );
      for (const object of (answer['Contents'] as Record<string, unknown>[] | undefined) ?? []) {
        if (listed.length >= maxItems) return listed;
        const modified = object['LastModified'];
        listed.push({
          Etag: String(object['ETag'] ?? ''),
          Key: String(object['Key']),
          LastModified: Math.floor(new Date(modified as string | Date).getTime() / 1000),
          Size: Number(object['Size'] ?? 0),
          StorageClass: String(object['StorageClass'] ?? 'STANDARD'),
        });
      }
      token = answer['IsTruncated'] ? answer['NextContinuationToken'] : undefined;
    } while (token !== undefined);
  } catch (error) {
    throw failed(`the bucket ${bucket} cannot be listed: ${(error as Error).name}: ${(error as Error).message}`);
  }
  return listed;
}
