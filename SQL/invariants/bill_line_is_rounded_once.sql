-- M2: what is posted of a line is its exact amount rounded half away from zero, once.
select b.subscription_id, b.bill_month, b.product, b.meter, b.exact_amount, b.posted_minor
from bill_lines b
join reference.currencies c on c.code = b.currency
where b.posted_minor <> round(b.exact_amount * power(10::numeric, c.exponent))
