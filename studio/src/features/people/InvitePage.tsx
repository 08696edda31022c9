// Who was invited chooses a name and a password. The invitation's secret stands behind the
// `#` of the address, which no browser sends along by itself.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, EmptyState, Spinner, TextField } from "../../components/ui";
import { answer, client, Problem } from "../../api/client";
import { LINK_BUTTON } from "../../app/Page";
import { useTitle } from "../../app/title";
import { Gate } from "./LoginPage";
import { ROLES } from "./roles";

const SHORTEST = 12;

export function InvitePage({ onDone }: { onDone: () => void }) {
  useTitle("Invitation");
  const [secret] = useState(() => window.location.hash.slice(1));
  const invited = useQuery({
    queryKey: ["invited", secret],
    retry: false,
    queryFn: () => answer(client.POST("/api/v1/invitation", { body: { secret } })),
  });
  if (invited.isError) {
    return (
      <Gate title="This invitation is no longer good">
        <p className="text-[13px] text-soft">{invited.error.message}</p>
      </Gate>
    );
  }
  if (invited.data === undefined) return <Spinner label="Looking at the invitation" />;
  return <Accept secret={secret} role={invited.data.role} onDone={onDone} />;
}

function Accept({ secret, role, onDone }: { secret: string; role: string; onDone: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const isLong = password.length >= SHORTEST;
  const accept = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await answer(client.POST("/api/v1/invitation/accept", { body: { secret, name: name.trim(), password } }));
      await answer(client.POST("/api/v1/session", { body: { name: name.trim(), password } }));
      onDone();
    } catch (error) {
      setProblem(error instanceof Problem ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Gate title={`You are invited as ${role}`} about={ROLES[role]}>
      <form
        className="flex flex-col gap-[14px]"
        onSubmit={(event) => {
          event.preventDefault();
          void accept();
        }}
      >
        <TextField label="Your name here" value={name} onChange={setName} autoFocus autoComplete="username" isRequired />
        <TextField
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
          isRequired
          help={`At least ${SHORTEST} characters; a sentence is good.`}
          error={password !== "" && !isLong ? `${SHORTEST - password.length} more characters` : undefined}
        />
        <TextField label="Once more" type="password" value={again} onChange={setAgain} autoComplete="new-password" isRequired error={again !== "" && again !== password ? "Not the same." : undefined} />
        {problem !== undefined && (
          <p role="alert" className="rounded-[6px] bg-bad-wash px-[10px] py-[7px] text-[12.5px] text-bad">
            {problem}
          </p>
        )}
        <Button kind="primary" type="submit" isBusy={isBusy} isDisabled={name.trim() === "" || !isLong || again !== password}>
          Come in
        </Button>
      </form>
    </Gate>
  );
}

/** For who may see nothing of the catalog: labelling tasks are all there is for them. */
export function NothingToSee({ role, mayLabel }: { role: string | null; mayLabel: boolean }) {
  return (
    <EmptyState icon="shield" title="Nothing to see here" action={mayLabel && <a href="/work" className={LINK_BUTTON.plain}>To your work</a>}>
      {`As ${role ?? "who you are"} you may not look at the catalog. An administrator can give you another role.`}
    </EmptyState>
  );
}
