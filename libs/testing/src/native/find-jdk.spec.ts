import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingJdk, newestJdk } from './find-jdk.cjs';

describe('newestJdk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auditlane-jdk-'));
  const jdk = (name: string, version: string, file = 'javac'): string => {
    const home = join(folder, name);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`);
    writeFileSync(join(home, 'bin', file), '');
    return home;
  };

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('takes the newest, wherever it is named, and passes over what is no JDK', () => {
    const home = jdk('new', '199.0.1');
    const env = {
      JAVA_HOME: jdk('old', '1.8.0_392'),
      JAVA_HOME_199_X64: home,
      JAVA_HOME_200_X64: jdk('runtime-only', '200', 'java'),
      JAVA_HOME_201_X64: join(folder, 'missing'),
    };

    expect(newestJdk(env)).toEqual({ home, version: 199 });
  });

  it('says what is needed, what was found and how to install it', () => {
    expect(missingJdk(21, { home: '/jdk', version: 17 })).toMatch(
      /JDK 21 or newer.*newest found is 17 in \/jdk.*install one: /,
    );
    expect(missingJdk(21, undefined)).toMatch(/none was found/);
  });
});
