// Who comes from elsewhere says who they are.

import { useState, type ReactNode } from "react";
import { Button, TextField } from "../../components/ui";
import { answer, client, Problem } from "../../api/client";
import { useTitle } from "../../app/title";

/** A small page in the middle of nothing. */
export function Gate({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  return (
    <main className="grid min-h-full place-items-center p-[20px]">
      <div className="w-full max-w-[360px]">
        <p className="flex items-center justify-center gap-[10px] pb-[18px] text-[16px] font-semibold">
          <img src="/favicon.svg" alt="" className="size-[24px]" /> roadloop
        </p>
        <div className="rounded-[12px] border border-line bg-card p-[22px] shadow-[0_8px_30px_rgb(0_0_0/0.08)]">
          <h1 className="text-[16px] font-semibold">{title}</h1>
          {about !== undefined && <p className="pt-[4px] text-[13px] text-soft">{about}</p>}
          <div className="pt-[16px]">{children}</div>
        </div>
      </div>
    </main>
  );
}

export function LoginPage({ onDone }: { onDone: () => void }) {
  useTitle("Log in");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const logIn = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await answer(client.POST("/api/v1/session", { body: { name: name.trim(), password } }));
      onDone();
    } catch (error) {
      setProblem(error instanceof Problem ? error.message : String(error));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Gate title="Log in">
      <form
        className="flex flex-col gap-[14px]"
        onSubmit={(event) => {
          event.preventDefault();
          void logIn();
        }}
      >
        <TextField label="Name" value={name} onChange={setName} autoFocus autoComplete="username" isRequired />
        <TextField label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" isRequired />
        {problem !== undefined && (
          <p role="alert" className="rounded-[6px] bg-bad-wash px-[10px] py-[7px] text-[12.5px] text-bad">
            {problem}
          </p>
        )}
        <Button kind="primary" type="submit" isBusy={isBusy} isDisabled={name.trim() === "" || password === ""}>
          Log in
        </Button>
      </form>
    </Gate>
  );
}
