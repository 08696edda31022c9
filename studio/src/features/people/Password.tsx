import { useState } from "react";
import { Button, TextField } from "../../components/ui";
import { answer, client } from "../../api/client";
import { useDo } from "./people";

export function Password() {
  const run = useDo();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const change = async () => {
    const done = await run("Your password is the old one still", async () => {
      await answer(client.POST("/api/v1/me/password", { body: { old, new: fresh } }));
      return true;
    });
    // All sessions have ended, this one too.
    if (done) window.location.assign("/");
  };
  return (
    <form
      className="mt-[14px] flex max-w-[380px] flex-col gap-[14px] rounded-[10px] border border-line bg-card p-[16px]"
      onSubmit={(event) => {
        event.preventDefault();
        void change();
      }}
    >
      <TextField label="Old password" type="password" value={old} onChange={setOld} autoComplete="current-password" />
      <TextField label="New password" type="password" value={fresh} onChange={setFresh} autoComplete="new-password" help="At least 12 characters. You log in anew with it, everywhere." />
      <TextField label="Once more" type="password" value={again} onChange={setAgain} autoComplete="new-password" error={again !== "" && again !== fresh ? "Not the same." : undefined} />
      <Button kind="primary" type="submit" isDisabled={old === "" || fresh.length < 12 || fresh !== again}>
        Change it
      </Button>
    </form>
  );
}
