/** Members by name: one name has one address, whatever the number of its hosts. */
import type { EndpointMember } from "../../rules/index.ts";

/** Groups members under their names, in the order of each name's first member. */
export function membersByName(
  members: readonly EndpointMember[],
): ReadonlyMap<string, readonly EndpointMember[]> {
  const byName = new Map<string, EndpointMember[]>();
  for (const member of members) {
    const same = byName.get(member.memberName);
    if (same === undefined) byName.set(member.memberName, [member]);
    else same.push(member);
  }
  return byName;
}
