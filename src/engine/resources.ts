/** What stages share: CPU threads and the GPU. */
import type { CheckedStage } from '../recipe/checked-recipe.js';

/** What a stage takes while it runs. */
export interface Claim {
  readonly threads: number;
  readonly gpu: boolean;
}

/** Keeps count of what is free. */
export class Resources {
  readonly threads: number;
  private busyThreads = 0;
  private gpuBusy = false;
  private readonly waiting = new Set<() => void>();

  /** `threads`: how many may be busy at the same time, at least 1. */
  constructor(threads: number) {
    this.threads = Math.max(1, Math.floor(threads));
  }

  /** What a stage claims; never more than there is, so that every stage runs at some time. */
  claimOf({ info, threads, runtime }: CheckedStage): Claim {
    const wanted = info.threads === 'all' ? threads : info.threads;
    return {
      threads: Math.max(1, Math.min(wanted, this.threads)),
      // libtensorflow takes a GPU's whole memory.
      gpu: info.tensors && runtime === 'tensorflow',
    };
  }

  /** Takes a claim if it fits. */
  tryTake(claim: Claim): boolean {
    if (this.busyThreads + claim.threads > this.threads || (claim.gpu && this.gpuBusy)) return false;
    this.busyThreads += claim.threads;
    this.gpuBusy ||= claim.gpu;
    return true;
  }

  /** Gives a claim back; all who wait are told but the giver, who goes on anyway. */
  give(claim: Claim, giver: () => void): void {
    this.busyThreads -= claim.threads;
    if (claim.gpu) this.gpuBusy = false;
    for (const freed of this.waiting) if (freed !== giver) freed();
  }

  /** From now on `freed` is called whenever another one has given a claim back. */
  join(freed: () => void): void {
    this.waiting.add(freed);
  }

  /** `freed` is called no more. */
  leave(freed: () => void): void {
    this.waiting.delete(freed);
  }
}
