-- From :low up to :high (not in it): people with a number, ten events each over 18 months, three messages each; of one
-- day codes, sessions and quotas in proportion; tickets, all closed. Every number is one and the same ciphertext.

-- Missing in the directory since now, so that purge changes nothing about them.
INSERT INTO accounts_user
    (password, is_superuser, directory_id, username, session_epoch, is_active, is_staff, missing_since)
    SELECT '!', false, md5('u' || i)::uuid::text, 'lovfyll' || i, 0, true, false, now()
    FROM generate_series(:low, :high - 1) i;

INSERT INTO accounts_phone (user_id, number, number_digest, confirmed_at)
    SELECT u.id, p.number, md5(u.username) || md5('n' || u.username), now()
    FROM accounts_user u, (SELECT number FROM accounts_phone ORDER BY id LIMIT 1) p
    WHERE u.username LIKE 'lovfyll%' AND NOT EXISTS (SELECT FROM accounts_phone o WHERE o.user_id = u.id);

INSERT INTO accounts_auditevent (at, event, actor, subject, subject_name, company, result, address)
    SELECT now() - interval '548 days' * (1 - n::float / (:high * 10)),
        CASE WHEN n % 50000 = 7 THEN 'phone removed' ELSE
            (ARRAY['code requested', 'code attempted', 'code sent', 'code accepted', 'password attempted',
                'password done', 'sessions ended', 'login attempted', 'phone registered', 'code refused'])[n % 10 + 1]
        END,
        CASE WHEN n % 3 = 0 THEN '' ELSE md5('u' || i)::uuid::text END,
        md5('u' || i)::uuid::text, 'lovfyll' || i, 'Omsorg ' || i % 2000, '', '10.1.2.3'
    FROM (SELECT n, :low + (hashint8(n) & 1073741823) % (:high - :low) AS i
        FROM generate_series(:low::bigint * 10, :high::bigint * 10 - 1) n) x;

INSERT INTO notifications_message (uid, kind, purpose, "to", to_digest, subject, text, html, about, state, attempts,
    perhaps_sent, created_at, next_try_at, useful_until, settled_at, blanked_at, error)
    SELECT gen_random_uuid(), CASE WHEN n % 2 = 0 THEN 'sms' ELSE 'mail' END, 'password reset', '',
        md5('t' || n / 2), 'Lösenordet är bytt', CASE WHEN young THEN repeat(md5('x' || n), 20) ELSE '' END,
        CASE WHEN young THEN repeat(md5('y' || n), 90) ELSE '' END, md5('u' || n / 3)::uuid::text,
        CASE WHEN n % 10000 = 9 THEN 'refused' ELSE 'sent' END, 1, 0, at, at, at, at, CASE WHEN NOT young THEN at END, ''
    FROM (SELECT n, at, at > now() - interval '30 days' AS young
        FROM (SELECT n, now() - interval '548 days' * (1 - n::float / (:high * 3)) AS at
            FROM generate_series(:low::bigint * 3, :high::bigint * 3 - 1) n) a) x;

INSERT INTO accounts_challenge (valid_until, failures, token, purpose, language, username, number, asked_at,
    verified_at, ended_at, refusals, user_id, about)
    SELECT now(), 0, '', 'reset', 'sv', '', '', now(), now(), now(), 0, id, md5(username)
    FROM accounts_user WHERE username LIKE 'lovfyll%' AND id % 50 = 0;

INSERT INTO accounts_sendquota (digest, purpose, sent, failed)
    SELECT number_digest, 'reset', '[]', '[]' FROM accounts_phone WHERE id % 50 = 1 ON CONFLICT DO NOTHING;

INSERT INTO django_session (session_key, session_data, expire_date)
    SELECT md5('s' || i), repeat(md5('d' || i), 8), now() + interval '1 hour'
    FROM generate_series(:low, :high - 1, 100) i;

INSERT INTO helpdesk_ticket (number, kind, state, source, created_at, company_name, orderer_name, employee_name,
    employee_username, account, new_number, recipient1, recipient2, text, doubts, unread, decided_at)
    SELECT to_char(at, 'YYYY-') || to_char(i, 'FM0000000'), 'phone', 'done', 'pages', at, 'Omsorg ' || i % 2000,
        'Carin Ek', 'Anna Berg', 'lovfyll' || i, md5('u' || i)::uuid::text, '', '', '', '', '[]', '{}',
        at + interval '3 hours'
    FROM (SELECT i, now() - interval '365 days' * (1 - i::float / :high) AS at
        FROM generate_series(:low, :high - 1, 50) i) x;

-- The queue holds 200 open tickets, however many have been closed.
INSERT INTO helpdesk_ticket (number, kind, state, source, created_at, company_name, orderer_name, employee_name,
    employee_username, account, new_number, recipient1, recipient2, text, doubts, unread)
    SELECT '2020-' || to_char(i, 'FM00000'), 'phone', 'new', 'pages', now(), '', '', 'Anna Berg', 'lovanber11',
        '', '', '', '', '', '[]', '{}'
    FROM generate_series(1, 200) i ON CONFLICT DO NOTHING;
