import { routes } from '../../core/contracts/api.ts';
import { openapi } from '../../core/contracts/openapi.ts';
import { route } from '../shared/route.ts';

/** `GET /openapi.json` */
export const handler = route(routes.GetOpenapi, async (_input, { config }) => openapi(config.CODE_VERSION));
