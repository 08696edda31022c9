// Who may do what: users, invitations, one's own password and tokens, and what was done.

import { useState } from "react";
import { Tabs } from "../../components/ui";
import { useMay, useMe } from "../../api/hooks";
import { Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { AuditLog } from "./AuditLog";
import { Invitations } from "./Invitations";
import { Password } from "./Password";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

export function PeoplePage() {
  const me = useMe().data;
  const isAdmin = useMay("administer");
  const [tab, setTab] = useState<string>(isAdmin ? "users" : "tokens");
  useTitle("People");
  const tabs = [
    ...(isAdmin
      ? [
          { key: "users", label: "Users", content: <Users /> },
          { key: "invitations", label: "Invitations", content: <Invitations /> },
        ]
      : []),
    { key: "tokens", label: "My API tokens", content: <Tokens /> },
    { key: "password", label: "My password", content: <Password /> },
    ...(isAdmin ? [{ key: "audit", label: "What was done", content: <AuditLog /> }] : []),
  ];
  return (
    <Page title="People" about={me && `You are ${me.name}, ${me.role ?? "who sits at this machine"}.`}>
      <Tabs label="People" tabs={tabs} selected={tab} onSelect={setTab} />
    </Page>
  );
}
