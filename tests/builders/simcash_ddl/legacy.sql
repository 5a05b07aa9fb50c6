CREATE SEQUENCE experiment_events_id_seq INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START 1 NO CYCLE;
CREATE TABLE experiment_events(id INTEGER DEFAULT(nextval('experiment_events_id_seq')) PRIMARY KEY, run_id VARCHAR NOT NULL, iteration INTEGER NOT NULL, event_type VARCHAR NOT NULL, event_data JSON NOT NULL, "timestamp" VARCHAR NOT NULL);
CREATE TABLE experiment_iterations(run_id VARCHAR, iteration INTEGER, costs_per_agent JSON NOT NULL, accepted_changes JSON NOT NULL, policies JSON NOT NULL, "timestamp" VARCHAR NOT NULL, PRIMARY KEY(run_id, iteration));
CREATE TABLE experiments(run_id VARCHAR PRIMARY KEY, experiment_name VARCHAR NOT NULL, experiment_type VARCHAR NOT NULL, config JSON NOT NULL, created_at VARCHAR NOT NULL, completed_at VARCHAR, num_iterations INTEGER DEFAULT(0), converged BOOLEAN DEFAULT(CAST('f' AS BOOLEAN)), convergence_reason VARCHAR);
CREATE INDEX idx_events_run_iter ON experiment_events(run_id, iteration);
CREATE INDEX idx_experiments_type ON experiments(experiment_type);
CREATE INDEX idx_iterations_run ON experiment_iterations(run_id);
