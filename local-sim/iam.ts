/** IAM, as far as the Braket SDK asks it: which role do hybrid jobs take when none is named? */
import { xmlDocument } from './http/xml.ts';
import { type CloudContext, type Service, ServiceError } from './service.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** As the console of Amazon Braket makes it. Nobody assumes it: the local cloud checks no permissions of roles. */
const JOBS_ROLE = { name: 'AmazonBraketJobsExecutionRole', path: '/service-role/', createdAt: '2026-01-01T00:00:00Z' };

export function createIam(context: CloudContext): Service {
  const call: Service['call'] = async (action, args) => {
    if (action !== 'ListRoles') throw new ServiceError('InvalidAction', `The local IAM does not implement ${action}.`, 400);
    const { name, path, createdAt } = JOBS_ROLE;
    const role = {
      Path: path,
      RoleName: name,
      RoleId: 'AROALOCALCLOUDBRAKET',
      Arn: `arn:aws:iam::${context.accountId}:role${path}${name}`,
      CreateDate: createdAt,
    };
    return { Roles: path.startsWith(String(args['PathPrefix'] ?? '/')) ? [role] : [], IsTruncated: false };
  };
  return {
    signingNames: ['iam'],
    call,
    async handle(request) {
      const form = new URLSearchParams(request.method === 'GET' ? request.query : request.body.toString('utf8'));
      const { Roles, IsTruncated } = await call(form.get('Action') ?? '', Object.fromEntries(form));
      const ListRolesResult = { Roles: { member: Roles as Record<string, string>[] }, IsTruncated: IsTruncated as boolean };
      const ResponseMetadata = { RequestId: request.requestId };
      const body = xmlDocument('ListRolesResponse', { ListRolesResult, ResponseMetadata }, NAMESPACE);
      return { status: 200, headers: { 'content-type': 'text/xml' }, body };
    },
  };
}
