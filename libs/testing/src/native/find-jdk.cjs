// Finds the newest JDK on this machine; `java` on the PATH is often an old one. Plain JavaScript without dependencies, because
// `npm start` asks before anything is installed.
const { existsSync, readdirSync, readFileSync, realpathSync } = require('node:fs');
const { homedir } = require('node:os');
const { delimiter, dirname, join } = require('node:path');

const folders = (parent, suffix = '') =>
  existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name, suffix)) : [];

function candidates(env) {
  const named = Object.entries(env).flatMap(([name, value]) => (/^JAVA_HOME(_|$)/.test(name) && value ? [value] : []));
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((folder) => {
    const javac = join(folder, 'javac');
    return folder && existsSync(javac) ? [dirname(dirname(realpathSync(javac)))] : [];
  });
  const homebrew = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((prefix) =>
    folders(prefix, 'libexec/openjdk.jdk/Contents/Home').filter((path) => path.includes('/openjdk')),
  );
  return [
    ...named,
    ...folders('/usr/lib/jvm'),
    ...folders('/opt/java'),
    ...folders('/Library/Java/JavaVirtualMachines', 'Contents/Home'),
    ...homebrew,
    ...folders(join(homedir(), '.sdkman/candidates/java')),
    ...folders(join(homedir(), '.jdks')),
    ...onPath,
  ];
}

/** The major version in a JDK's `release` file; 1.8 counts as 8. */
function majorVersion(home) {
  const release = join(home, 'release');
  if (!existsSync(release) || !existsSync(join(home, 'bin', 'javac'))) return undefined;
  const version = /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(readFileSync(release, 'utf8'));
  return version ? Number(version[1]) : undefined;
}

function newestJdk(env = process.env) {
  const found = candidates(env).flatMap((home) => {
    const version = majorVersion(home);
    return version === undefined ? [] : [{ home, version }];
  });
  return found.sort((a, b) => b.version - a.version)[0];
}

function installLine(platform = process.platform) {
  if (platform === 'darwin') return 'brew install openjdk maven';
  if (platform === 'win32')
    return 'use WSL2 (Debian or Ubuntu), and there: sudo apt-get install -y openjdk-21-jdk-headless maven';
  return 'sudo apt-get install -y openjdk-21-jdk-headless maven   (Debian 12 has no 21: take temurin-25-jdk from https://adoptium.net/installation/linux)';
}

function missingJdk(needed, found) {
  const seen = found ? `the newest found is ${found.version} in ${found.home}` : 'none was found';
  return `A JDK ${needed} or newer is needed, and ${seen}. Set JAVA_HOME, or install one: ${installLine()}`;
}

module.exports = { installLine, missingJdk, newestJdk };
