//! What a rollout writes into the alias's description.
