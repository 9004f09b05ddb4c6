import { includesRole, type Role } from './role.ts';

/** `api.auth.roles` and `api.auth.default_role`. */
export interface GroupRoles {
  roles: Readonly<Record<string, Role>>;
  default_role: Role | 'none';
}

/** Returns the highest role that the groups of a user give; undefined if they give none. */
export function roleOfGroups(groups: readonly string[], { roles, default_role }: GroupRoles): Role | undefined {
  let highest = default_role === 'none' ? undefined : default_role;
  for (const group of groups) {
    const role = Object.hasOwn(roles, group) ? roles[group] : undefined;
    if (role && (!highest || includesRole(role, highest))) highest = role;
  }
  return highest;
}
