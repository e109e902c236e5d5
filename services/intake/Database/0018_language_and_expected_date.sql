-- In which the patient wants to be answered.
alter table case_file
  add column language text not null default 'fr',
  -- How long before the end of its clock the opinion is expected, as matching predicted at the acceptance: pauses then move both.
  add column expected_ahead interval,
  -- Why matching asked the physician who has it, in codes.
  add column choice_basis text constraint case_file_choice_basis check (choice_basis in ('pathology', 'specialty', 'coordinator')),
  add column choice_considered int;
