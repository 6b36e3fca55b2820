// The sign-in page of the embedded server: the demo accounts to choose from, and the password that `npm start` printed.

export interface SignInPage {
  readonly action: string;
  readonly accounts: readonly string[];
  /** Shown where the last attempt was refused. */
  readonly fault?: string;
}

export function signInPage({ action, accounts, fault }: SignInPage): string {
  const options = accounts.map((account) => `<option>${escapeHtml(account)}</option>`).join('');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in to Auditlane</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 22rem; padding: 0 1rem; color: #1d2733; }
label { display: block; margin-top: 1rem; }
input, button { box-sizing: border-box; font: inherit; padding: .5rem; width: 100%; }
button { background: #175ea8; border: 0; border-radius: 4px; color: #fff; margin-top: 1.5rem; }
.fault { color: #a51d2d; }
</style></head>
<body>
<h1>Auditlane demo sign-in</h1>
${fault === undefined ? '' : `<p class="fault" role="alert">${escapeHtml(fault)}</p>`}
<form method="post" action="${escapeHtml(action)}" autocomplete="off">
<label>Account <input name="account" list="accounts" required value="${escapeHtml(accounts[0] ?? '')}"></label>
<datalist id="accounts">${options}</datalist>
<label>Password <input name="password" type="password" required autofocus></label>
<button>Sign in</button>
</form>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
