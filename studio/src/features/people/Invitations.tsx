import { useState } from "react";
import { Badge, Button, EmptyState, ErrorState, IconButton, Select, Skeleton, Table, toasts } from "../../components/ui";
import { answer, client } from "../../api/client";
import { dateAndTime } from "../../app/address";
import { useDo, useInvitations } from "./people";
import { Once } from "./Once";
import { ROLES } from "./roles";

export function Invitations() {
  const invitations = useInvitations();
  const run = useDo();
  const [role, setRole] = useState("viewer");
  const [link, setLink] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const invite = async () => {
    setBusy(true);
    const made = await run("Nobody was invited", () => answer(client.POST("/api/v1/invitations", { body: { role } })));
    if (made !== undefined) setLink(`${window.location.origin}/invite#${made.secret}`);
    setBusy(false);
  };
  const revoke = async (id: number) => {
    await run("It was not closed", () => answer(client.DELETE("/api/v1/invitations/{id}", { params: { path: { id } } })));
    toasts.show({ title: "The invitation is closed" });
  };
  return (
    <div className="flex flex-col gap-[14px] pt-[14px]">
      <div className="flex flex-wrap items-end gap-[10px] rounded-[10px] border border-line bg-card p-[14px]">
        <Select label="Invite somebody as" value={role} onChange={setRole} options={Object.entries(ROLES).map(([value, detail]) => ({ value, label: value, detail }))} />
        <Button kind="primary" isBusy={isBusy} onPress={() => void invite()}>
          Make a link
        </Button>
        <p className="pb-[6px] text-[12.5px] text-soft">{ROLES[role]} The link is good once, for a week.</p>
      </div>
      {link !== null && <Once title="Send this link to whom it is for" text={link} onClose={() => setLink(null)} />}
      {invitations.isError ? (
        <ErrorState title="Invitations cannot be listed">{invitations.error.message}</ErrorState>
      ) : invitations.data === undefined ? (
        <Skeleton className="h-[120px]" />
      ) : (
        <Table
          label="Invitations"
          rows={invitations.data}
          keyOf={(invitation) => String(invitation.id)}
          columns={[
            { key: "role", title: "As", cell: (invitation) => invitation.role },
            { key: "state", title: "State", cell: (invitation) => <Badge tone={invitation.state === "open" ? "accent" : invitation.state === "taken" ? "good" : "neutral"}>{invitation.state}</Badge> },
            { key: "made", title: "Made", cell: (invitation) => <span className="text-soft tabular-nums">{dateAndTime(invitation.made_at).slice(0, 16)}</span> },
            { key: "until", title: "Good until", cell: (invitation) => <span className="text-soft tabular-nums">{dateAndTime(invitation.expires_at).slice(0, 16)}</span> },
            { key: "close", title: "", width: "44px", cell: (invitation) => (invitation.state === "open" ? <IconButton icon="trash" label="Close this invitation" size="small" onPress={() => void revoke(invitation.id)} /> : null) },
          ]}
          empty={<EmptyState icon="user" title="Nobody was invited yet" />}
        />
      )}
    </div>
  );
}
