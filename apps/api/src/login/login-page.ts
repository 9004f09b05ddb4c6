import type { LoginMethod } from '@nightcrier/core/settings/sections/api-access';
import type { FastifyRequest } from 'fastify';
import { flag, type Html, html } from '../html/html.ts';
import { link } from '../html/link.ts';
import { page } from '../html/page.ts';

export interface LoginPage {
  methods: readonly LoginMethod[];
  /** The page to show afterwards. */
  returnTo: string;
  /** Why the last attempt failed. */
  problem?: string | undefined;
  /** As it was typed. */
  name?: string | undefined;
}

/** Returns the login page: one form for each way to log in. It needs no script. */
export function loginPage(request: FastifyRequest, shown: LoginPage): Html {
  const { methods, problem } = shown;
  const forms = [
    methods.includes('oidc') ? oidcLink(request, shown) : undefined,
    methods.includes('users') ? userForm(request, shown) : undefined,
    methods.includes('keys') ? keyForm(request, shown) : undefined,
  ];
  const none = html`<p>This API has no login page: it knows its users by other means.</p>`;
  const body = html`<div class="login">
${problem !== undefined && html`<p class="notice critical" role="alert" id="problem">${problem}</p>`}
${forms.some(Boolean) ? forms : none}
</div>`;
  return page(request, { title: 'Log in', body });
}

function oidcLink(request: FastifyRequest, { returnTo }: LoginPage): Html {
  const url = `${link(request, '/login/oidc')}?return=${encodeURIComponent(returnTo)}`;
  return html`<p class="panel"><a class="button primary" href="${url}">Log in with single sign-on</a></p>`;
}

function userForm(request: FastifyRequest, { returnTo, name, problem }: LoginPage): Html {
  return html`<form class="panel" method="post" action="${link(request, '/login')}">
<input type="hidden" name="method" value="user">
<input type="hidden" name="return" value="${returnTo}">
<p><label for="name">User name</label>
<input id="name" name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" ${flag('required', true)}></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" aria-describedby="${problem === undefined ? '' : 'problem'}" ${flag('required', true)}></p>
<p><button class="primary" type="submit">Log in</button></p>
</form>`;
}

function keyForm(request: FastifyRequest, { returnTo, problem }: LoginPage): Html {
  return html`<form class="panel" method="post" action="${link(request, '/login')}">
<input type="hidden" name="method" value="key">
<input type="hidden" name="return" value="${returnTo}">
<p><label for="key">Access key or API key</label>
<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" aria-describedby="${problem === undefined ? '' : 'problem'}" ${flag('required', true)}></p>
<p><button class="primary" type="submit">Log in with a key</button></p>
</form>`;
}
