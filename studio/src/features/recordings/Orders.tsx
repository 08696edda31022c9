// Work that a queue has for workers, as it goes on.

import { Badge, ProgressBar } from "../../components/ui";
import { jobsOf, useOrders } from "../../api/orders";
import { count } from "../../app/address";
import { Card } from "../../app/Page";

export function Orders() {
  const orders = useOrders();
  if (orders.length === 0) return null;
  return (
    <Card title="On its way" about={count(orders.length, "order")} className="mb-[16px]">
      <ul className="flex flex-col gap-[12px] px-[16px] py-[12px]">
        {orders.map((order) => {
          const { done, jobs, dead } = jobsOf(order);
          const running = order.stages.filter((stage) => stage.running > 0).map((stage) => stage.stage);
          return (
            <li key={order.order}>
              <div className="flex items-baseline gap-[10px] pb-[4px] text-[12.5px]">
                <span className="min-w-0 truncate font-medium">{order.recording ?? order.source}</span>
                <span className="text-soft">{running.length > 0 ? running.join(", ") : "waits for a worker"}</span>
                {dead > 0 && <Badge tone="bad">{count(dead, "job")} failed</Badge>}
              </div>
              <ProgressBar label={`Jobs of ${order.recording ?? order.source}`} hideLabel value={jobs === 0 ? null : done / jobs} valueText={`${done} of ${count(jobs, "job")}`} />
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
