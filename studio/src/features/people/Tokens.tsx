import { useState } from "react";
import { Badge, Button, Checkbox, EmptyState, ErrorState, IconButton, Select, Skeleton, Table, TextField } from "../../components/ui";
import { answer, client } from "../../api/client";
import { useMe } from "../../api/hooks";
import { dateAndTime } from "../../app/address";
import { useDo, useTokens } from "./people";
import { Once } from "./Once";
import { SCOPE_OF, SCOPES } from "./roles";

const DAYS = ["7", "30", "90", "366"];

export function Tokens() {
  const tokens = useTokens();
  const me = useMe().data;
  const run = useDo();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<string | null>(null);
  // A token may never do more than its user.
  const mine = (me?.permissions ?? []).map((permission) => SCOPE_OF[permission]).filter((scope) => scope !== undefined);
  const make = async () => {
    const body = { name: name.trim(), scopes, days: Number(days) };
    const token = await run("No token was made", () => answer(client.POST("/api/v1/tokens", { body })));
    if (token === undefined) return;
    setMade(token.token);
    setName("");
  };
  const revoke = (id: number) => run("It was not revoked", () => answer(client.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } })));
  return (
    <div className="flex flex-col gap-[14px] pt-[14px]">
      <div className="rounded-[10px] border border-line bg-card p-[14px]">
        <div className="flex flex-wrap items-end gap-[10px]">
          <TextField label="A token for" placeholder="nightly export" value={name} onChange={setName} className="w-[220px]" />
          <Select label="Good for" value={days} onChange={setDays} options={DAYS.map((value) => ({ value, label: `${value} days` }))} />
          <Button kind="primary" isDisabled={name.trim() === "" || scopes.length === 0} onPress={() => void make()}>
            Make a token
          </Button>
        </div>
        <fieldset className="pt-[12px]">
          <legend className="pb-[6px] text-[12.5px] text-soft">What it may do</legend>
          <div className="flex flex-wrap gap-x-[18px] gap-y-[8px]">
            {mine.map((scope) => (
              <Checkbox key={scope} isChecked={scopes.includes(scope)} onChange={(isOn) => setScopes(isOn ? [...scopes, scope] : scopes.filter((other) => other !== scope))}>
                <span className="text-[13px]">
                  {scope} <span className="text-soft">{SCOPES[scope]}</span>
                </span>
              </Checkbox>
            ))}
          </div>
        </fieldset>
      </div>
      {made !== null && <Once title="Send it as Authorization: Bearer" text={made} onClose={() => setMade(null)} />}
      {tokens.isError ? (
        <ErrorState title="Tokens cannot be listed">{tokens.error.message}</ErrorState>
      ) : tokens.data === undefined ? (
        <Skeleton className="h-[120px]" />
      ) : (
        <Table
          label="My API tokens"
          rows={tokens.data}
          keyOf={(token) => String(token.id)}
          columns={[
            { key: "name", title: "For", cell: (token) => <span className={token.is_revoked ? "text-faint line-through" : "font-medium"}>{token.name}</span> },
            {
              key: "scopes",
              title: "May",
              cell: (token) => (
                <span className="flex flex-wrap gap-[4px]">
                  {token.scopes.map((scope) => (
                    <Badge key={scope}>{scope}</Badge>
                  ))}
                </span>
              ),
            },
            { key: "until", title: "Good until", cell: (token) => <span className="text-soft tabular-nums">{token.expires_at.slice(0, 10)}</span> },
            { key: "used", title: "Last used", cell: (token) => <span className="text-soft tabular-nums">{token.used_at == null ? "never" : dateAndTime(token.used_at).slice(0, 16)}</span> },
            { key: "revoke", title: "", width: "44px", cell: (token) => (token.is_revoked ? null : <IconButton icon="trash" label={`Revoke ${token.name}`} size="small" onPress={() => void revoke(token.id)} />) },
          ]}
          empty={<EmptyState icon="link" title="No tokens yet">Programs ask the studio's API with one; its description is at /api/v1/openapi.json.</EmptyState>}
        />
      )}
    </div>
  );
}
