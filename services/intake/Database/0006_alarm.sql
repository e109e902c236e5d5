-- An answer that cannot wait for an opinion stops the case and shows in every list, without opening the sealed answers.
alter table case_file add column alarm text constraint case_alarm check (alarm in ('emergency', 'suicidal_thoughts'));
