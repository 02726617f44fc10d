/** How long a stage will still take, from the progress it reports. */
import type { Progress } from '../../plugin/define-stage.js';

/** Weight of the newest speed in the running mean; some ten reports decide. */
const newestWeight = 0.2;

/** Reports needed before an estimate is worth showing. */
const fewestReports = 3;

/** Keeps the mean speed of one stage. */
export class TimeLeft {
  private last: { readonly time: number; readonly done: number } | undefined;
  private perMillisecond: number | undefined;
  private reports = 0;

  /**
   * Takes a report made `time` milliseconds after the run began, and gives the milliseconds left; undefined while
   * that cannot be told.
   */
  update(time: number, progress: Progress): number | undefined {
    const last = this.last;
    if (last !== undefined && progress.done < last.done) {
      // A new count begins (training, then evaluation): the speed of the old one says nothing about it.
      this.perMillisecond = undefined;
      this.reports = 0;
    } else if (last !== undefined && time > last.time && progress.done > last.done) {
      const speed = (progress.done - last.done) / (time - last.time);
      this.perMillisecond =
        this.perMillisecond === undefined
          ? speed
          : (1 - newestWeight) * this.perMillisecond + newestWeight * speed;
      this.reports += 1;
    } else if (last !== undefined && progress.done === last.done) {
      return this.estimate(progress);
    }
    this.last = { time, done: progress.done };
    return this.estimate(progress);
  }

  private estimate(progress: Progress): number | undefined {
    if (progress.total === undefined || this.perMillisecond === undefined || this.reports < fewestReports) {
      return undefined;
    }
    return Math.max(0, progress.total - progress.done) / this.perMillisecond;
  }
}
