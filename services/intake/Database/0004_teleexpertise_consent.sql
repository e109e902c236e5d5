-- A physician's request is a téléexpertise only with the patient's agreement, which is kept like every other consent.
alter table consent drop constraint consent_purpose;
alter table consent add constraint consent_purpose check (purpose in ('processing', 'sharing_with_treating_physician', 'contact_after_six_months', 'teleexpertise'));
