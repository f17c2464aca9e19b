/** What makes a document an OpenAPI 3.1 description (OpenAPI Specification 3.1.0, sections 4.8.1 to 4.8.24): each departure as one line. */

type Json = Record<string, unknown>;

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);
const SCHEMA_TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
/** Keywords of JSON Schema 2020-12 that this API uses; one that is misspelt would otherwise go unseen, because unknown ones are allowed. */
const SCHEMA_KEYWORDS = new Set([
  '$ref',
  'additionalProperties',
  'anyOf',
  'const',
  'default',
  'description',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'items',
  'maxItems',
  'maxLength',
  'maximum',
  'minItems',
  'minLength',
  'minimum',
  'pattern',
  'prefixItems',
  'properties',
  'propertyNames',
  'required',
  'type',
]);

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export function openapiFaults(document: unknown): string[] {
  const faults: string[] = [];
  const say = (at: string, what: string) => faults.push(`${at}: ${what}`);
  const object = (value: unknown, at: string): Json => {
    if (isObject(value)) return value;
    say(at, 'an object was wanted');
    return {};
  };
  const text = (value: unknown, at: string) => {
    if (typeof value !== 'string' || value === '') say(at, 'a text was wanted');
  };
  const resolve = (ref: string): unknown =>
    ref.startsWith('#/')
      ? ref
          .slice(2)
          .split('/')
          .reduce<unknown>(
            (found, part) => (isObject(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
            document,
          )
      : undefined;

  const schema = (value: unknown, at: string): void => {
    if (typeof value === 'boolean') return;
    const it = object(value, at);
    for (const keyword of Object.keys(it)) if (!SCHEMA_KEYWORDS.has(keyword)) say(at, `the keyword ${keyword} is unknown`);
    if (it['$ref'] !== undefined && resolve(String(it['$ref'])) === undefined) say(at, `${it['$ref']} leads nowhere`);
    for (const type of [it['type'] ?? []].flat()) if (!SCHEMA_TYPES.has(String(type))) say(at, `there is no type ${type}`);
    if (typeof it['pattern'] === 'string') new RegExp(it['pattern'], 'u');
    const properties = it['properties'] === undefined ? {} : object(it['properties'], `${at}.properties`);
    for (const [name, property] of Object.entries(properties)) schema(property, `${at}.${name}`);
    for (const name of (it['required'] ?? []) as string[])
      if (!(name in properties)) say(at, `${name} is required but not described`);
    for (const key of ['items', 'additionalProperties', 'propertyNames'])
      if (it[key] !== undefined) schema(it[key], `${at}.${key}`);
    for (const key of ['anyOf', 'prefixItems'])
      for (const [i, part] of ((it[key] ?? []) as unknown[]).entries()) schema(part, `${at}.${key}.${i}`);
  };
  const content = (value: unknown, at: string) => {
    const kinds = Object.entries(object(value, at));
    if (kinds.length === 0) say(at, 'a media type was wanted');
    for (const [kind, media] of kinds) schema(object(media, at)['schema'], `${at}.${kind}`);
  };

  const root = object(document, 'document');
  if (!/^3\.1\.\d+$/.test(String(root['openapi']))) say('openapi', 'version 3.1 was wanted');
  const info = object(root['info'], 'info');
  text(info['title'], 'info.title');
  text(info['version'], 'info.version');
  const components = object(root['components'] ?? {}, 'components');
  const schemes = object(components['securitySchemes'] ?? {}, 'securitySchemes');
  for (const [name, scheme] of Object.entries(schemes)) {
    const { type, in: where, name: header } = object(scheme, `securitySchemes.${name}`);
    if (!['apiKey', 'http', 'mutualTLS', 'oauth2', 'openIdConnect'].includes(String(type)))
      say(`securitySchemes.${name}`, `there is no type ${type}`);
    if (type === 'apiKey' && (!['query', 'header', 'cookie'].includes(String(where)) || typeof header !== 'string'))
      say(name, 'apiKey wants name and in');
  }
  for (const wanted of (root['security'] ?? []) as Json[])
    for (const name of Object.keys(wanted)) if (!(name in schemes)) say('security', `${name} is not described`);
  for (const [name, one] of Object.entries(object(components['schemas'] ?? {}, 'schemas'))) schema(one, `schemas.${name}`);

  const ids = new Set<string>();
  for (const [path, item] of Object.entries(object(root['paths'], 'paths'))) {
    if (!path.startsWith('/')) say(path, 'a path begins with /');
    for (const [method, value] of Object.entries(object(item, path))) {
      const at = `${method.toUpperCase()} ${path}`;
      if (!METHODS.has(method)) say(at, 'there is no such method');
      const operation = object(value, at);
      const id = String(operation['operationId']);
      if (ids.has(id)) say(at, `operationId ${id} stands twice`);
      ids.add(id);
      const parameters = ((operation['parameters'] ?? []) as unknown[]).map((one) => object(one, at));
      const seen = new Set<string>();
      for (const { name, in: where, required, schema: of } of parameters) {
        if (!['path', 'query', 'header', 'cookie'].includes(String(where))) say(at, `parameter ${name} lies nowhere`);
        if (where === 'path' && required !== true) say(at, `path parameter ${name} must be required`);
        if (seen.has(`${where} ${name}`)) say(at, `parameter ${name} stands twice`);
        seen.add(`${where} ${name}`);
        schema(of, `${at} ${name}`);
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`).sort();
      const described = [...seen].filter((one) => one.startsWith('path ')).sort();
      if (inPath.join() !== described.join())
        say(at, `path parameters: ${inPath.join()} in the path, ${described.join()} described`);
      if (operation['requestBody'] !== undefined) content(object(operation['requestBody'], at)['content'], `${at} body`);
      const responses = Object.entries(object(operation['responses'], at));
      if (responses.length === 0) say(at, 'a response was wanted');
      for (const [status, response] of responses) {
        if (!/^([1-5]\d\d|[1-5]XX|default)$/.test(status)) say(at, `${status} is no status`);
        const it = object(response, `${at} ${status}`);
        text(it['description'], `${at} ${status}`);
        if (it['content'] !== undefined) content(it['content'], `${at} ${status}`);
      }
    }
  }
  return faults;
}
