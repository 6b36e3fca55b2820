// Keeps the settings current: told by the database at once where it can, and asked every second where a notification was lost.
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';

export interface SettingsWatchOptions {
  readonly pool: Pool;
  readonly logger: Logger;
  readonly pollMs: number;
  refresh(): Promise<void>;
}

export class SettingsWatch {
  private listener: PoolClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(private readonly options: SettingsWatchOptions) {}

  start(): void {
    this.look();
    this.timer = setInterval(() => this.look(), this.options.pollMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.looking;
    this.listener?.release(true);
    this.listener = undefined;
  }

  private look(): void {
    if (this.stopped) return;
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = this.lookOnce().finally(() => {
      this.looking = undefined;
      if (!this.again) return;
      this.again = false;
      this.look();
    });
  }

  private async lookOnce(): Promise<void> {
    try {
      if (!this.listener) await this.listen();
      await this.options.refresh();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the settings could not be read, trying again');
    }
  }

  private async listen(): Promise<void> {
    const client = await this.options.pool.connect();
    const gone = (): void => {
      if (this.listener !== client) return;
      this.listener = undefined;
      client.release(true);
    };
    client.on('notification', () => this.look());
    client.on('error', gone);
    client.on('end', gone);
    this.listener = client;
    try {
      await client.query('listen settings_changed');
    } catch (error) {
      gone();
      throw error;
    }
  }
}
