//! Orders and how far they are, as `queue status --json` prints them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use futures::{StreamExt, TryStreamExt, stream};
use roadloop_engine::EngineError;
use roadloop_engine::work::{Board, Order, OrderId, OrderState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Node;
use super::problem::Problem;
use crate::cli::queue::status::order_as_json;

/// Orders of an answer, where nobody says how many.
const USUAL: usize = 20;

/// An answer reads all jobs of its orders.
const MOST: usize = 500;

/// Orders that are read at once.
const READS: usize = 8;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    limit: Option<usize>,
}

/// The latest orders, the newest last.
pub(super) async fn latest(
    State(node): State<Arc<Node>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Asked { limit }) = asked?;
    let limit = limit.unwrap_or(USUAL);
    if limit > MOST {
        return Err(Problem::invalid(format!("at most {MOST} orders are given at once")));
    }
    let mut orders = node.board.orders().await?;
    let before = orders.len().saturating_sub(limit);
    orders.drain(..before);
    let states = orders.into_iter().map(|order| state_of(&node.board, order));
    let states: Vec<OrderState> = stream::iter(states).buffered(READS).try_collect().await?;
    let orders: Vec<Value> = states.iter().map(order_as_json).collect();
    Ok(Json(json!({"orders": orders, "before": before})))
}

/// One order, with all that became of its jobs.
pub(super) async fn one(
    State(node): State<Arc<Node>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let order = named(&node.board, &id?.0).await?;
    let state = state_of(&node.board, order).await?;
    let mut value = order_as_json(&state);
    value["jobs"] = json!(state.records());
    Ok(Json(value))
}

/// The order of an id that somebody typed.
pub(super) async fn named(board: &Board, id: &str) -> Result<Order, Problem> {
    let order = match OrderId::new(id) {
        Some(id) => board.order(&id).await?,
        None => None,
    };
    order.ok_or_else(|| Problem::not_found(format!("no order is called {id:?}")))
}

async fn state_of(board: &Board, order: Order) -> Result<OrderState, EngineError> {
    let mut state = OrderState::new(order);
    state.refresh(board).await?;
    Ok(state)
}
