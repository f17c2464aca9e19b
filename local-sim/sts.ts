/** STS, as far as every client asks it: who am I? */
import { xmlDocument } from './http/xml.ts';
import { type CloudContext, type Service, ServiceError } from './service.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

export function createSts(context: CloudContext): Service {
  const identity = () => ({
    UserId: 'AIDALOCALCLOUD',
    Account: context.accountId,
    Arn: `arn:aws:iam::${context.accountId}:user/local`,
  });
  const call: Service['call'] = async (action) => {
    if (action !== 'GetCallerIdentity')
      throw new ServiceError('InvalidAction', `The local STS does not implement ${action}.`, 400);
    return identity();
  };
  return {
    signingNames: ['sts'],
    call,
    async handle(request) {
      const form = new URLSearchParams(request.method === 'GET' ? request.query : request.body.toString('utf8'));
      const result = (await call(form.get('Action') ?? '', {})) as Record<string, string>;
      const body = xmlDocument(
        'GetCallerIdentityResponse',
        { GetCallerIdentityResult: result, ResponseMetadata: { RequestId: request.requestId } },
        NAMESPACE,
      );
      return { status: 200, headers: { 'content-type': 'text/xml' }, body };
    },
  };
}
