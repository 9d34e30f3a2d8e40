//! Black-box tests. Each reads as a sentence and speaks HTTP, or hands a function an event.

mod contract1;
mod contract3;
mod counts;
mod dispatch;
mod events;
mod races;
mod samples;
mod stack;
mod template;
