/**
 * ECR, as far as the Braket SDK asks it before it pickles a function for a hybrid job: which Python is in the service's images? Here it
 * is the one that runs the scripts. Images of others are not found.
 *
 * source  amazon-braket-sdk 1.127, aws/aws_session.py get_full_image_tag and jobs/hybrid_job.py: the tag names it as `-py311-`
 */
import { createHash } from 'node:crypto';
import { readJsonCall, writeJsonResult } from '../../http/json.ts';
import { readMembers } from '../../members.ts';
import { type Service, ServiceError } from '../../service.ts';
import { pythonVersion } from './python.ts';

const REPOSITORY = /^amazon-braket-(base|pytorch|tensorflow|cudaq)-jobs$/;

export function createImageRegistry(python = 'python3'): Service {
  const call: Service['call'] = async (action, args) => {
    if (action !== 'BatchGetImage')
      throw new ServiceError('UnknownOperationException', `The local ECR does not implement ${action}.`, 400);
    const reader = readMembers(args, 'InvalidParameterException');
    const repositoryName = reader.string('repositoryName', { min: 2, max: 256 });
    if (!REPOSITORY.test(repositoryName))
      throw new ServiceError('RepositoryNotFoundException', `The local ECR has no repository ${repositoryName}.`, 400);
    const registryId = reader.optionalString('registryId') ?? '292282985366';
    const [major, minor] = await pythonVersion(python).catch((error: Error) => {
      throw new ServiceError('ServerException', error.message, 500);
    });
    const imageDigest = `sha256:${createHash('sha256').update(repositoryName).digest('hex')}`;
    const ours = ['latest', `1.0-cpu-py${major}${minor}-local`].map((imageTag) => ({ imageDigest, imageTag }));
    const wanted = reader.structures('imageIds', { min: 1, max: 100 }).map((id) => id.raw);
    const isWanted = (image: { imageDigest: string; imageTag: string }) =>
      wanted.some(
        (id) =>
          (id['imageTag'] ?? image.imageTag) === image.imageTag && (id['imageDigest'] ?? image.imageDigest) === image.imageDigest,
      );
    const images = ours.filter(isWanted).map((imageId) => ({ registryId, repositoryName, imageId }));
    const failures = images.length > 0 ? [] : wanted.map((imageId) => ({ imageId, failureCode: 'ImageNotFound' }));
    return { images, failures };
  };
  return {
    signingNames: ['ecr'],
    call,
    async handle(request) {
      const { action, args } = readJsonCall(request);
      return writeJsonResult(request, await call(action, args));
    },
  };
}
