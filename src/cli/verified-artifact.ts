/** Artifacts that leave the store: read by a command, opened or copied for people. */
import { UserError } from '../artifacts/user-error.js';
import { checkArtifact, quarantineArtifact } from '../engine/artifacts.js';
import type { StoredArtifact } from '../engine/result-record.js';
import type { Store } from '../engine/store.js';

/**
 * Whether an artifact is in the store. Throws a `UserError`, and sets the artifact aside, when it does not have the contents that
 * it was stored with.
 */
export async function isInStore(store: Store, artifact: StoredArtifact): Promise<boolean> {
  const condition = await checkArtifact(store, artifact, 'stamps');
  if (condition.state !== 'damaged') return condition.state === 'sound';
  await quarantineArtifact(store, artifact.digest, condition.detail);
  throw new UserError({
    code: 'artifact/damaged',
    message: `The ${artifact.kind} in the store is damaged, and was set aside`,
    found: condition.detail,
    file: store.artifactFolder(artifact.digest),
    help: 'roux run makes it again.',
  });
}
