/**
 * The rest-json protocol: a table of routes in, a `Service` out. Labels are cut from the raw path and decoded after
 * routing, since an ARN in a label arrives percent-encoded, slashes included.
 */
import type { CloudContext, Service, ServiceRequest, ServiceResponse } from './service.ts';
import { ServiceError } from './service.ts';

export type Members = Record<string, unknown>;

/** Who asked: siblings in the process get the cloud's own region. */
export interface Caller {
  region: string;
  /** The user agent of an HTTP caller, empty for a sibling. */
  userAgent: string;
}

export type Operation = (members: Members, caller: Caller) => Promise<Members> | Members;

export interface Route {
  method: string;
  /** Segments in braces are labels: `/device/{deviceArn}`. */
  path: string;
  status: number;
  /** Query parameters that may be repeated; they become lists. */
  lists?: readonly string[];
}

export interface RestJsonOptions {
  signingNames: readonly string[];
  context: CloudContext;
  routes: Readonly<Record<string, Route>>;
  operations: Readonly<Record<string, Operation>>;
  /** Error codes for a route that is not in the table, and for a body that is not a JSON object. */
  unknownRoute: { code: string; status: number };
  malformedBody: { code: string; status: number };
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** A service of which every operation is one function of its members; ServiceErrors become AWS error bodies. */
export function restJsonService(options: RestJsonOptions): Service {
  const { routes, operations, context } = options;
  const compiled = Object.entries(routes).map(([action, route]) => ({ action, route, segments: route.path.split('/') }));

  const operate = async (action: string, members: Members, caller: Caller): Promise<Members> => {
    const operation = operations[action];
    if (!operation)
      throw new ServiceError(options.unknownRoute.code, `no operation ${action} in the local cloud`, options.unknownRoute.status);
    return operation(members, caller);
  };

  const service: Service = {
    signingNames: options.signingNames,
    async handle(request) {
      try {
        const found = matchRoute(compiled, request);
        if (!found) {
          const { code, status } = options.unknownRoute;
          throw new ServiceError(code, `no route ${request.method} ${request.path} in the local cloud`, status);
        }
        const members = {
          ...parseBody(request, options.malformedBody),
          ...queryMembers(request.query, found.route),
          ...found.labels,
        };
        const output = await operate(found.action, members, {
          region: request.region,
          userAgent: request.headers['user-agent'] ?? '',
        });
        return jsonResponse(found.route.status, output, request.requestId);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const response = jsonResponse(error.status, { message: error.message, ...error.details }, request.requestId);
        response.headers = { ...response.headers, 'x-amzn-errortype': error.code };
        return response;
      }
    },
    call: (action, members) => operate(action, members, { region: context.region, userAgent: '' }),
  };
  if (options.start) service.start = options.start;
  if (options.stop) service.stop = options.stop;
  return service;
}

function matchRoute(compiled: readonly { action: string; route: Route; segments: string[] }[], request: ServiceRequest) {
  const path = request.path.split('/');
  for (const { action, route, segments } of compiled) {
    if (route.method !== request.method || segments.length !== path.length) continue;
    const labels: Record<string, string> = {};
    const fits = segments.every((segment, index) => {
      const given = path[index]!;
      if (!segment.startsWith('{')) return segment === given;
      if (given === '') return false;
      labels[segment.slice(1, -1)] = decodeLabel(given);
      return true;
    });
    if (fits) return { action, route, labels };
  }
  return undefined;
}

/** A label with a broken escape is taken as it stands, and then names nothing. */
function decodeLabel(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label;
  }
}

function queryMembers(query: URLSearchParams, route: Route): Members {
  const members: Members = {};
  for (const name of new Set(query.keys())) members[name] = route.lists?.includes(name) ? query.getAll(name) : query.get(name);
  return members;
}

function parseBody(request: ServiceRequest, malformed: { code: string; status: number }): Members {
  if (request.body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new ServiceError(malformed.code, 'the request body is not JSON', malformed.status);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ServiceError(malformed.code, 'the request body is not a JSON object', malformed.status);
  }
  return parsed as Members;
}

function jsonResponse(status: number, body: Members, requestId: string): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId }, body: JSON.stringify(body) };
}
