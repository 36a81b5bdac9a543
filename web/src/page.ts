// What lives as long as the page: the session, and what the answers to what is run tell the parts around the editor.
import type { Config } from './config';
import type { Cost } from './cost-line';
import { MainJob } from './main-job';
import { Placeholders } from './placeholders';
import { Session } from './session';
import { Store } from './store';
import { Streams } from './streams';

export class Page {
  readonly session = new Session();
  readonly placeholders = new Placeholders();
  readonly streams = new Streams();
  readonly cost = new Store<Cost | null>(null);
  readonly serverTime = new Store<string>(''); // after somebody moved a demo server's clock here
  readonly mainJob: MainJob;

  constructor(readonly config: Config) {
    this.mainJob = new MainJob(config.starters);
  }
}
