import { useState } from "react";
import { Badge, Button, Dialog, ErrorState, Menu, IconButton, Select, Skeleton, Table, TextField } from "../../components/ui";
import { answer, client, type Schemas } from "../../api/client";
import { useMe } from "../../api/hooks";
import { dateAndTime } from "../../app/address";
import { useDo, useUsers } from "./people";
import { ROLES } from "./roles";

type User = Schemas["UserItem"];

export function Users() {
  const users = useUsers();
  const me = useMe().data;
  const run = useDo();
  const [forgotten, setForgotten] = useState<User | null>(null);
  if (users.isError) return <ErrorState title="Users cannot be listed" onRetry={() => void users.refetch()}>{users.error.message}</ErrorState>;
  if (users.data === undefined) return <Skeleton className="mt-[14px] h-[160px]" />;
  const change = (user: User, body: Schemas["UserChange"]) =>
    run(`${user.name} was not changed`, () => answer(client.PATCH("/api/v1/users/{id}", { params: { path: { id: user.id } }, body })));
  return (
    <div className="pt-[14px]">
      <Table
        label="Users"
        rows={users.data}
        keyOf={(user) => String(user.id)}
        columns={[
          {
            key: "name",
            title: "Name",
            cell: (user) => (
              <span className="flex items-center gap-[8px]">
                <span className={user.is_disabled ? "text-faint line-through" : "font-medium"}>{user.name}</span>
                {user.name === me?.name && <Badge>you</Badge>}
                {user.is_disabled && <Badge tone="warn">let in no more</Badge>}
              </span>
            ),
          },
          {
            key: "role",
            title: "Role",
            cell: (user) => (
              <Select label={`Role of ${user.name}`} hideLabel value={user.role} onChange={(role) => role !== user.role && void change(user, { role })} options={Object.entries(ROLES).map(([value, detail]) => ({ value, label: value, detail }))} />
            ),
          },
          { key: "seen", title: "Last logged in", cell: (user) => <span className="text-soft tabular-nums">{user.logged_in_at == null ? "never" : dateAndTime(user.logged_in_at).slice(0, 16)}</span> },
          { key: "made", title: "Since", cell: (user) => <span className="text-soft tabular-nums">{user.made_at.slice(0, 10)}</span> },
          {
            key: "more",
            title: "",
            width: "44px",
            cell: (user) => (
              <Menu
                label={`More about ${user.name}`}
                placement="bottom end"
                trigger={<IconButton icon="more" label={`More about ${user.name}`} size="small" />}
                sections={[
                  [
                    { key: "password", label: "Give another password…" },
                    user.is_disabled ? { key: "enable", label: "Let in again" } : { key: "disable", label: "Let in no more", isDanger: true },
                  ],
                ]}
                onAction={(key) => (key === "password" ? setForgotten(user) : void change(user, { is_disabled: key === "disable" }))}
              />
            ),
          },
        ]}
      />
      {forgotten !== null && <NewPassword user={forgotten} onClose={() => setForgotten(null)} onSave={(password) => change(forgotten, { password })} />}
    </div>
  );
}

function NewPassword({ user, onClose, onSave }: { user: User; onClose: () => void; onSave: (password: string) => Promise<User | undefined> }) {
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    if ((await onSave(password)) !== undefined) onClose();
    setBusy(false);
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Another password for ${user.name}`}
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
          <Button kind="primary" isBusy={isBusy} isDisabled={password.length < 12} onPress={() => void save()}>
            Set it
          </Button>
        </>
      }
    >
      <TextField label="Password" type="password" value={password} onChange={setPassword} autoFocus help="At least 12 characters. All of their sessions end." />
    </Dialog>
  );
}
