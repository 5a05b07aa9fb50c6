CREATE TABLE simulation_runs (
                run_id INTEGER PRIMARY KEY AUTOINCREMENT,
                scenario_name TEXT,
                start_time TEXT,
                end_time TEXT,
                total_ticks INTEGER,
                num_agents INTEGER,
                grid_width INTEGER,
                grid_height INTEGER,
                config_json TEXT
            );
CREATE TABLE agent_snapshots (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL,
                tick INTEGER NOT NULL,
                agent_id INTEGER NOT NULL,
                x INTEGER NOT NULL,
                y INTEGER NOT NULL,
                inventory_A INTEGER NOT NULL,
                inventory_B INTEGER NOT NULL,
                utility REAL NOT NULL,
                ask_A_in_B REAL NOT NULL,
                bid_A_in_B REAL NOT NULL,
                p_min REAL NOT NULL,
                p_max REAL NOT NULL,
                target_agent_id INTEGER,
                target_x INTEGER,
                target_y INTEGER,
                utility_type TEXT,
                FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
            );
CREATE INDEX idx_agent_snapshots_run_tick 
            ON agent_snapshots(run_id, tick);
CREATE INDEX idx_agent_snapshots_agent 
            ON agent_snapshots(run_id, agent_id, tick);
CREATE TABLE resource_snapshots (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL,
                tick INTEGER NOT NULL,
                x INTEGER NOT NULL,
                y INTEGER NOT NULL,
                resource_type TEXT NOT NULL,
                amount INTEGER NOT NULL,
                FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
            );
CREATE INDEX idx_resource_snapshots_run_tick 
            ON resource_snapshots(run_id, tick);
CREATE TABLE decisions (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL,
                tick INTEGER NOT NULL,
                agent_id INTEGER NOT NULL,
                chosen_partner_id INTEGER,
                surplus_with_partner REAL,
                target_type TEXT NOT NULL,
                target_x INTEGER,
                target_y INTEGER,
                num_neighbors INTEGER NOT NULL,
                alternatives TEXT,
                FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
            );
CREATE INDEX idx_decisions_run_tick 
            ON decisions(run_id, tick);
CREATE INDEX idx_decisions_agent 
            ON decisions(run_id, agent_id, tick);
CREATE TABLE trades (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL,
                tick INTEGER NOT NULL,
                x INTEGER NOT NULL,
                y INTEGER NOT NULL,
                buyer_id INTEGER NOT NULL,
                seller_id INTEGER NOT NULL,
                dA INTEGER NOT NULL,
                dB INTEGER NOT NULL,
                price REAL NOT NULL,
                direction TEXT NOT NULL,
                FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
            );
CREATE INDEX idx_trades_run_tick 
            ON trades(run_id, tick);
CREATE INDEX idx_trades_agents 
            ON trades(run_id, buyer_id, seller_id);
CREATE TABLE trade_attempts (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL,
                tick INTEGER NOT NULL,
                buyer_id INTEGER NOT NULL,
                seller_id INTEGER NOT NULL,
                direction TEXT NOT NULL,
                price REAL NOT NULL,
                buyer_ask REAL NOT NULL,
                buyer_bid REAL NOT NULL,
                seller_ask REAL NOT NULL,
                seller_bid REAL NOT NULL,
                surplus REAL NOT NULL,
                dA_attempted INTEGER NOT NULL,
                dB_calculated INTEGER NOT NULL,
                buyer_A_init INTEGER NOT NULL,
                buyer_B_init INTEGER NOT NULL,
                buyer_U_init REAL NOT NULL,
                buyer_A_final INTEGER NOT NULL,
                buyer_B_final INTEGER NOT NULL,
                buyer_U_final REAL NOT NULL,
                buyer_improves INTEGER NOT NULL,
                seller_A_init INTEGER NOT NULL,
                seller_B_init INTEGER NOT NULL,
                seller_U_init REAL NOT NULL,
                seller_A_final INTEGER NOT NULL,
                seller_B_final INTEGER NOT NULL,
                seller_U_final REAL NOT NULL,
                seller_improves INTEGER NOT NULL,
                buyer_feasible INTEGER NOT NULL,
                seller_feasible INTEGER NOT NULL,
                result TEXT NOT NULL,
                result_reason TEXT NOT NULL,
                FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
            );
CREATE INDEX idx_trade_attempts_run_tick 
            ON trade_attempts(run_id, tick);
