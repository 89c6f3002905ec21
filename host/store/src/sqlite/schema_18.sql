-- Answers of one principal, the first to be over first.
CREATE INDEX api_answers_of ON api_answers (principal, expires);
