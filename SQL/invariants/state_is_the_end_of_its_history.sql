-- L9: the state is where the history ends, and every step starts where the one before it ended.
with steps as (
    select subscription_id, sequence, from_state, to_state,
        lag(to_state) over (partition by subscription_id order by sequence) as before_state,
        row_number() over (partition by subscription_id order by sequence desc) as from_end
    from transition_events
)
select s.id, s.state, t.to_state as found from subscriptions s
left join steps t on t.subscription_id = s.id and t.from_end = 1
where t.to_state is distinct from s.state
union all
select t.subscription_id, t.from_state, t.before_state from steps t where t.from_state is distinct from t.before_state
